import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isSha256 } from '../base/hex.ts';
import type { StoredBlob } from '../contracts/catalog.ts';
import { removeFile } from './eviction.ts';
import { blobPath, SHARDS, shardPath } from './layout.ts';
import { digestPaced } from './paced-digest.ts';
import { setAside } from './quarantine.ts';
import type { StoreParts } from './store-parts.ts';

/** Fast enough for a lost catalogue (1 TB in about an hour), and leaves a disk and a core for those who ask. */
const ADOPTION_BYTES_PER_SECOND = 256 * 1024 * 1024;
const ROWS_AT_ONCE = 500;

/**
 * Brings files and rows together after a crash, a lost catalogue, or directories that moved: rows without a file go,
 * files without a row are hashed and adopted, or put in quarantine when they do not match their name. Works shard by
 * shard, and beside normal work.
 */
export async function reconcile(store: StoreParts, signal: AbortSignal): Promise<void> {
  const found = { adopted: 0, damaged: 0, left: 0, missing: 0 };
  const rows = rowsInOrder(store);
  let row = rows.next();
  for (const shard of SHARDS) {
    signal.throwIfAborted();
    const files = await listShard(store, shard);
    for (; !row.done && row.value.sha256.startsWith(shard); row = rows.next()) {
      signal.throwIfAborted();
      const { sha256, directory } = row.value;
      const homes = files.get(sha256) ?? [];
      files.delete(sha256);
      const atHome = homes.length === 1 && homes[0] === directory;
      if (!atHome && !(await settleRow(store, sha256))) found.missing++;
    }
    for (const [sha256, homes] of files) {
      for (const directory of homes) found[await settleFile(store, sha256, directory, signal)]++;
    }
  }
  const { adopted, damaged, missing } = found;
  if (adopted + damaged + missing > 0) store.logger.info(found, 'stored files and their index brought together');
}

function* rowsInOrder({ index }: StoreParts): Generator<StoredBlob, undefined> {
  let last = '';
  for (;;) {
    const rows = index.blobsAfter(last, ROWS_AT_ONCE);
    yield* rows;
    const end = rows.at(-1);
    if (!end) return undefined;
    last = end.sha256;
  }
}

/** The files of a shard, each with the directories that have it. */
async function listShard({ directories }: StoreParts, shard: string): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>();
  for (const directory of directories) {
    for (const name of await readdir(shardPath(directory, shard)).catch(() => [])) {
      if (isSha256(name)) files.set(name, [...(files.get(name) ?? []), directory]);
    }
  }
  return files;
}

/**
 * Looks for the file of a row in all directories: the row follows a file that has moved, goes when there is none, and
 * further copies are deleted. Resolves with the row as it is now, if it is still there.
 */
export function settleRow(store: StoreParts, sha256: string): Promise<StoredBlob | undefined> {
  return store.turns.run(sha256, async () => {
    const now = store.index.blob(sha256);
    if (!now) return undefined;
    const copies = await findCopies(store, now);
    const [home] = copies;
    if (!home) {
      store.index.removeBlob(sha256);
      store.logger.warn({ sha256, size: now.size, directory: now.directory }, 'stored blob has no file: forgotten');
      return undefined;
    }
    if (home.directory !== now.directory) store.index.putBlob({ ...now, directory: home.directory }, []);
    for (const copy of copies) {
      // Two directories may be one place under two names.
      if (copy.inode !== home.inode) await removeFile(store, blobPath(copy.directory, sha256));
    }
    return { ...now, directory: home.directory };
  });
}

/** The directories that have the blob's file, in the right length; the row's own first. */
async function findCopies(store: StoreParts, row: StoredBlob): Promise<{ directory: string; inode: string }[]> {
  const others = store.directories.filter((directory) => directory !== row.directory);
  const own = store.directories.filter((directory) => directory === row.directory);
  const copies = [];
  for (const directory of [...own, ...others]) {
    const found = await statIfThere(blobPath(directory, row.sha256));
    if (found?.size === row.size) copies.push({ directory, inode: `${found.dev}:${found.ino}` });
  }
  return copies;
}

/** A file without a row: adopted if its bytes have the hash that it is named by. `left`: as it is, for the next start. */
async function settleFile(
  store: StoreParts,
  sha256: string,
  directory: string,
  signal: AbortSignal,
): Promise<'adopted' | 'damaged' | 'left'> {
  const { hashing, clock, logger } = store;
  const path = blobPath(directory, sha256);
  const before = await statIfThere(path);
  if (!before) return 'left';
  const options = { hashing, clock, signal, bytesPerSecond: ADOPTION_BYTES_PER_SECOND };
  const digests = await digestPaced({ path, size: before.size, gitOid: true }, options).catch((error: unknown) => {
    signal.throwIfAborted();
    logger.debug({ path, error: (error as Error).message }, 'a stored file could not be read');
    return undefined;
  });
  return store.turns.run(sha256, async () => {
    const now = await statIfThere(path);
    // Normal work went on meanwhile: it may have stored or evicted just this blob.
    const isSame = now?.ino === before.ino && now.mtimeMs === before.mtimeMs;
    if (!digests || !isSame || store.index.blob(sha256)) return 'left';
    if (digests.sha256 !== sha256) {
      logger.warn({ sha256, directory }, 'stored file is damaged: moved to quarantine');
      await setAside(store, directory, sha256);
      return 'damaged';
    }
    const row = { sha256, size: before.size, gitOid: digests.gitOid, directory, pinned: false };
    // The last write says best how old the file is: an old one was probably on its way out.
    store.index.putBlob({ ...row, usedAt: Math.floor(before.mtimeMs), verifiedAt: clock.now() }, [
      { kind: 'lfs', sha256, size: before.size },
    ]);
    return 'adopted';
  });
}

const statIfThere = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);
