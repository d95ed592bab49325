import { join } from 'node:path';
import type { Entry } from '../contracts/domain.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { seedPathname } from '../hub-format/seed-urls.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { OpenFiles } from '../storage/open-files.ts';
import { createTorrentFiles } from '../storage/torrent-files.ts';
import type { TorrentSource } from '../swarm/source-lanes.ts';
import { hashOf } from './fetch-file.ts';
import type { RepoLayout } from './repo-layout.ts';
import type { RepoPlan } from './repo-plan.ts';
import { download } from './torrent-input.ts';

const ASK_MS = 10_000;

/**
 * The torrent that a modelswarm server has of a repo at a commit; undefined when it has none (yet), or cannot be reached: peers are a help,
 * not a need. `onProblem` hears why.
 */
export async function askForTorrent(
  server: string,
  { repo, commit, entries }: RepoPlan,
  fetch: typeof globalThis.fetch,
  onProblem: (message: string) => void,
  signal: AbortSignal,
): Promise<Torrent | undefined> {
  const url = `${server.replace(/\/+$/, '')}${seedPathname('torrent', { repo, commit, path: '' })}`;
  try {
    const torrent = parseTorrent(await download(url, fetch, ASK_MS, signal));
    const sizes = new Map(torrent.files.map(({ path, length }) => [path, length]));
    const other = entries.find(({ path, size }) => sizes.get(path) !== size);
    if (!other) return torrent;
    onProblem(`The torrent of ${server} has another ${other.path} than the Hub: it is not used.`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isSwarmError(error)) throw error;
    onProblem(`${server} has no torrent of it (${error.message})`);
  }
  return undefined;
}

/** The Hub, as a source of the files of a repo's torrent. */
export function hubSourceOf(
  torrent: Torrent,
  plan: RepoPlan,
  hub: HubClient,
  token: string | undefined,
): TorrentSource {
  const byPath = new Map(plan.entries.map((entry) => [entry.path, entry]));
  const sources = new Map<number, RangeSource>();
  return {
    name: 'hub',
    fileSource(index) {
      const known = sources.get(index);
      if (known) return known;
      const entry = byPath.get(torrent.files[index]?.path ?? '');
      if (!entry) return undefined;
      const { repo, commit } = plan;
      const source = hub.source({ repo, commit, path: entry.path, size: entry.size }, { token });
      sources.set(index, source);
      return source;
    },
  };
}

export interface RepoStorageOptions {
  readonly torrent: Torrent;
  readonly plan: RepoPlan;
  readonly layout: RepoLayout;
  readonly open: OpenFiles;
  readonly hashing: HashPool;
}

/**
 * The files of a repo's torrent where a layout wants them. A file gets its final name only when it has the hash that the Hub published: the pieces say
 * what whoever made the torrent had. `complete` rejects with INTEGRITY otherwise.
 */
export function openRepoStorage({ torrent, plan, layout, open, hashing }: RepoStorageOptions): TorrentStorage {
  const byPath = new Map(plan.entries.map((entry) => [entry.path, entry]));
  const entryOf = (file: number): Entry | undefined => byPath.get(torrent.files[file]?.path ?? '');
  const paths = torrent.files.map((_, file) => {
    const entry = entryOf(file);
    return entry && layout.pathOf(entry);
  });
  const first = new Map<string, number>();
  for (const [file, path] of paths.entries()) if (path !== undefined && !first.has(path)) first.set(path, file);
  // Files of the same bytes may share a place: all of them are the first one.
  const same = (file: number): number => first.get(paths[file] ?? '') ?? file;
  const files = createTorrentFiles({
    paths,
    lengths: torrent.files.map(({ length }) => length),
    root: layout.root,
    open,
  });
  return {
    read: (file, position, targets) => files.read(same(file), position, targets),
    withFile: (file, work) => files.withFile?.(same(file), work) ?? Promise.reject(new TypeError('no file')),
    write: (file, position, bytes) => files.write(same(file), position, bytes),
    state: async (file) => (entryOf(file) ? files.state(same(file)) : undefined),
    flush: (list) => files.flush(new Set([...list].filter(entryOf).map(same))),
    close: () => files.close(),
    async complete(file) {
      const entry = entryOf(file);
      if (!entry) return;
      const { path } = (await files.state(same(file))) ?? {};
      // An earlier run has verified it.
      if (path === join(layout.root, layout.pathOf(entry))) return;
      if (path !== undefined && entry.size > 0) {
        const hash = await hashOf(String(path), entry, hashing, () => {});
        if (hash !== (entry.sha256 ?? entry.gitOid)) throw otherBytes(`${plan.repo.id}@${plan.commit}/${entry.path}`);
      }
      await files.complete(same(file));
    },
  };
}

/** The pieces match the torrent, and the file does not match the Hub: the torrent is of something else. */
function otherBytes(name: string): SwarmError {
  return new SwarmError(
    'INTEGRITY',
    `${name}: the torrent has other bytes, not what the Hub published. The file stays without its name; ask another server, or none.`,
  );
}
