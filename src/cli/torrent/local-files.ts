import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isSwarmError, SwarmError } from '../../errors.ts';

const SLASH = Buffer.from('/');
/** Where the snapshots of the Hugging Face cache lead: `../../blobs/<git oid or SHA-256>`. */
const CACHE_LINK = /^(?:\.\.\/)+blobs\/(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** `models--org--name/snapshots/<commit>` in that cache. */
const CACHE_FOLDER = /^(?:models|datasets|spaces)--(?:.+--)?([^/]+)$/;

/** A file of a torrent that is being made, or the text of a link. */
export interface LocalFile {
  /** `/`-joined below the torrent's name, as the file system has it. */
  readonly path: Buffer;
  readonly length: number;
  /** Where its bytes are; the bytes themselves for a link. */
  readonly source: Buffer;
  readonly isLink: boolean;
  /** For noticing that somebody writes to it. */
  readonly modifiedAt: number;
}

export interface LocalContent {
  readonly name: Buffer;
  readonly isSingleFile: boolean;
  readonly files: readonly LocalFile[];
}

/**
 * The files of a torrent of `path`: a file, or a folder as a repo. `.git` is left out everywhere, and `.cache` at the top, where download
 * tools keep their notes. Links into a Hugging Face cache are followed; any other link stands for the text of where it leads, which is
 * what git has and the Hub lists. Throws CONFIG: what is neither file, folder nor link, and a snapshot of that cache without a name.
 */
export async function listLocalFiles(path: string, name: string | undefined): Promise<LocalContent> {
  const root = await stat(path).catch((error: unknown) => refuse(path, error));
  const own = Buffer.from(basename(resolve(path)));
  if (root.isFile()) {
    const file: LocalFile = {
      path: name === undefined ? own : Buffer.from(name),
      length: root.size,
      source: Buffer.from(path),
      isLink: false,
      modifiedAt: root.mtimeMs,
    };
    return { name: file.path, isSingleFile: true, files: [file] };
  }
  if (!root.isDirectory()) throw new SwarmError('CONFIG', `${path} is neither a file nor a folder.`);
  const files: LocalFile[] = [];
  await walk(Buffer.from(path), undefined, files);
  return { name: Buffer.from(name ?? folderName(path)), isSingleFile: false, files };
}

/** Is this the text of a link that stands for a file of the Hugging Face cache, and not for itself? */
export function isCacheLink(text: Buffer): boolean {
  return CACHE_LINK.test(text.toString('latin1'));
}

function folderName(path: string): string {
  const folder = resolve(path);
  const own = basename(folder);
  if (!/^[0-9a-f]{40}$/.test(own)) return own;
  const repo = CACHE_FOLDER.exec(basename(dirname(dirname(folder))))?.[1];
  if (repo !== undefined && basename(dirname(folder)) === 'snapshots') return repo;
  throw new SwarmError('CONFIG', `${path} is named after a commit: say the name of its repo with --name.`);
}

async function walk(folder: Buffer, below: Buffer | undefined, files: LocalFile[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch((error: unknown) =>
    refuse(folder, error),
  );
  for (const entry of entries) {
    const isTop = below === undefined;
    if (isNamed(entry.name, '.git') || (isTop && isNamed(entry.name, '.cache'))) continue;
    const source = Buffer.concat([folder, SLASH, entry.name]);
    const path = isTop ? entry.name : Buffer.concat([below, SLASH, entry.name]);
    if (entry.isDirectory()) await walk(source, path, files);
    else files.push(await readEntry(source, path).catch((error: unknown) => refuse(source, error)));
  }
}

async function readEntry(source: Buffer, path: Buffer): Promise<LocalFile> {
  const status = await lstat(source);
  if (status.isFile()) return { path, length: status.size, source, isLink: false, modifiedAt: status.mtimeMs };
  if (!status.isSymbolicLink()) throw new SwarmError('CONFIG', `${source} is neither a file, a folder nor a link.`);
  const target = await readlink(source, { encoding: 'buffer' });
  if (!isCacheLink(target)) {
    return { path, length: target.length, source: target, isLink: true, modifiedAt: status.mtimeMs };
  }
  const { size, mtimeMs } = await stat(source);
  return { path, length: size, source, isLink: false, modifiedAt: mtimeMs };
}

/** What the file system refuses is no bug of ours. */
function refuse(path: string | Buffer, error: unknown): never {
  if (isSwarmError(error)) throw error;
  throw new SwarmError('CONFIG', `${path} cannot be read: ${(error as Error).message}`);
}

function isNamed(name: Buffer, text: string): boolean {
  return name.equals(Buffer.from(text));
}
