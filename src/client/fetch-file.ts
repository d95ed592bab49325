import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../contracts/clock.ts';
import type { Entry } from '../contracts/domain.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { Part } from '../contracts/part.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { Frontier } from '../fill/frontier.ts';
import { journalPath, openPartFile } from '../storage/part-file.ts';
import type { ConnectionBudget } from '../transfer/connection-budget.ts';
import type { Throttle } from '../transfer/lane.ts';
import { Transfer } from '../transfer/transfer.ts';

/** Fetching stays this close to what is hashed, so that hashing reads from the page cache. */
const MOST_AHEAD_OF_HASH = 256 * 1024 * 1024;
const MOST_CONNECTIONS = 8;

export interface FetchFileOptions {
  readonly entry: Entry;
  /** Where it gets to, when every byte is verified; until then it has `.part` behind its name. */
  readonly target: string;
  /** For messages: `org/model@commit/path`. */
  readonly name: string;
  readonly source: RangeSource;
  readonly hashing: HashPool;
  readonly budget: ConnectionBudget;
  readonly clock: Clock;
  readonly random: () => number;
  readonly throttle: Throttle | undefined;
  /** Bytes that are here now, and how many of them are new. */
  readonly onProgress: (held: number, newBytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Brings one file of the Hub to the disk, checked against the Hub's own hash; goes on with what an earlier run has left. Rejects with INTEGRITY (the file
 * is thrown away), DISK_FULL, STORAGE, HUB_REFUSED, UPSTREAM_*, RATE_LIMITED, `signal.reason`.
 */
export async function fetchFile(options: FetchFileOptions): Promise<void> {
  const { entry, target, name, hashing, signal } = options;
  await mkdir(dirname(target), { recursive: true });
  const path = `${target}.part`;
  const part = await openPartFile({
    path,
    size: entry.size,
    content: entry.sha256 ?? entry.gitOid,
    source: name,
    hashing,
    resume: true,
  });
  let isWrong = false;
  try {
    const hash = entry.size === 0 ? undefined : await bring(options, path, part);
    isWrong = hash !== undefined && hash !== (entry.sha256 ?? entry.gitOid);
  } finally {
    await part.close({ discard: isWrong });
  }
  if (isWrong) throw mismatch(name);
  signal.throwIfAborted();
  await promote(path, target);
}

/** The file at `target` is what the Hub has: its size and its hash say so. */
export async function isThere(
  target: string,
  entry: Entry,
  hashing: HashPool,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  if (!found?.isFile() || found.size !== entry.size) return false;
  if (entry.size === 0) return true;
  return (await hashOf(target, entry, hashing, onBytes)) === (entry.sha256 ?? entry.gitOid);
}

/** The hash of a file on the disk that the Hub has one of, too: its SHA-256 (LFS), or its git oid. */
export async function hashOf(
  path: string,
  { size, sha256 }: Entry,
  hashing: HashPool,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const hasher = hashing.open(path, size, { gitOid: sha256 === undefined });
  try {
    while (hasher.position < size) {
      await hasher.advance(Math.min(size, hasher.position + 64 * 1024 * 1024));
      onBytes(hasher.position);
    }
    const digests = await hasher.finish();
    return sha256 === undefined ? digests.gitOid : digests.sha256;
  } finally {
    hasher.close();
  }
}

/** What came is not what the Hub published. */
function mismatch(name: string): SwarmError {
  return new SwarmError(
    'INTEGRITY',
    `${name}: what came is not what the Hub published; it was thrown away. Try again.`,
  );
}

/** Fetches every byte, and hashes them in order as they come; returns the hash. */
async function bring(options: FetchFileOptions, path: string, part: Part): Promise<string> {
  const { entry, name, source, hashing, budget, clock, random, throttle, signal } = options;
  const { size, sha256 } = entry;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hasher = hashing.open(path, size, { gitOid: sha256 === undefined });
  const transfer = new Transfer({
    part,
    name,
    clock,
    random,
    budget,
    mostConnections: MOST_CONNECTIONS,
    throttle,
    backgroundEnd: () => hasher.position + MOST_AHEAD_OF_HASH,
    ensureRoom: async () => {},
    onProgress: (bytes) => {
      options.onProgress(transfer.held.bytes, bytes);
      frontier.poke();
    },
    onFailure: reject,
  });
  const frontier = new Frontier({
    hasher,
    size,
    heldEnd: (position) => transfer.held.endOfRun(position),
    onAdvance: () => {
      transfer.pump();
      if (frontier.complete) resolve();
    },
    onFailure: reject,
  });
  const onAbort = (): void => transfer.fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    options.onProgress(transfer.held.bytes, 0);
    transfer.addSource(source);
    frontier.poke();
    await promise;
    const digests = await hasher.finish();
    await transfer.commit();
    return sha256 === undefined ? digests.gitOid : digests.sha256;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await transfer.close();
    hasher.close();
  }
}

/** It is whole and verified: it gets its name. */
async function promote(path: string, target: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(path, target);
  await rm(journalPath(path), { force: true });
}
