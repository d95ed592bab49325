import {
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isSha1 } from '../base/hex.ts';
import type { Commit, RepoRef, RepoType } from '../contracts/domain.ts';

/**
 * The cache of Python's huggingface_hub: `models--org--name/blobs/<etag>`, and `snapshots/<commit>/<path>` as links to it, and `refs/<revision>`
 * with the commit that it was. The etag is the SHA-256 of an LFS file, the git oid of another.
 */
export function hfCacheFolder(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const direct = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (direct) return direct;
  return join(HF_HOME || join(XDG_CACHE_HOME || join(home, '.cache'), 'huggingface'), 'hub');
}

/** `models--org--name`. */
export function hfRepoFolder({ type, id }: RepoRef): string {
  return [type, ...id.split('/')].join('--');
}

/** A file of a snapshot: where the blob is, that its bytes are in. */
export interface SnapshotLink {
  /** `/`-joined. */
  readonly path: string;
  readonly etag: string;
}

/** Makes the links of a snapshot, and notes which commit the revision was. The blobs are there. Rejects with what the system says. */
export async function writeSnapshot(
  folder: string,
  commit: Commit,
  revision: string,
  links: Iterable<SnapshotLink>,
): Promise<string> {
  const snapshot = join(folder, 'snapshots', commit);
  await mkdir(snapshot, { recursive: true });
  for (const { path, etag } of links) await linkTo(join(folder, 'blobs', etag), join(snapshot, ...path.split('/')));
  const isCommit: boolean = isSha1(revision);
  if (!isCommit) await writeRef(join(folder, 'refs', ...revision.split('/')), commit);
  return snapshot;
}

async function linkTo(blob: string, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const target = relative(dirname(place), blob);
  if ((await readlink(place).catch(() => undefined)) === target) return;
  const temporary = `${place}.${process.pid}.new`;
  await rm(temporary, { force: true });
  // File systems without links of this kind have links of the other.
  await symlink(target, temporary).catch(() => link(blob, temporary));
  await rename(temporary, place);
}

async function writeRef(path: string, commit: Commit): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, commit);
  await rename(temporary, path);
}

/** A snapshot in the cache. */
export interface CachedSnapshot {
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly realPath: string; readonly size: number }[];
}

const REPO_FOLDER = /^(models|datasets|spaces)--(.+)$/;
const MOST_DEPTH = 32;

/** All snapshots of a cache. What does not look like one is passed over, as are links that lead out of their repo's folder, or nowhere. */
export async function* listSnapshots(cache: string): AsyncGenerator<CachedSnapshot> {
  for (const name of (await readdir(cache).catch(() => [])).sort()) {
    const [, type, id] = REPO_FOLDER.exec(name) ?? [];
    if (type === undefined || id === undefined) continue;
    const repo = { type: type as RepoType, id: id.replace('--', '/') };
    const snapshots = join(cache, name, 'snapshots');
    for (const commit of (await readdir(snapshots).catch(() => [])).sort()) {
      if (!isSha1(commit)) continue;
      const folder = join(snapshots, commit);
      const files = await filesBelow(folder, '', await realpath(join(cache, name)), 0);
      if (files.length > 0) yield { repo, commit, folder, files };
    }
  }
}

async function filesBelow(
  folder: string,
  path: string,
  bounds: string,
  depth: number,
): Promise<{ readonly path: string; readonly realPath: string; readonly size: number }[]> {
  if (depth > MOST_DEPTH) return [];
  const found = [];
  for (const name of (await readdir(join(folder, path))).sort()) {
    const below = path === '' ? name : `${path}/${name}`;
    const place = join(folder, below);
    if ((await lstat(place)).isDirectory()) {
      found.push(...(await filesBelow(folder, below, bounds, depth + 1)));
      continue;
    }
    const realPath = await realpath(place).catch(() => undefined);
    if (!realPath?.startsWith(bounds + sep)) continue;
    const { size } = await stat(realPath);
    found.push({ path: below, realPath, size });
  }
  return found;
}
