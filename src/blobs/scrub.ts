import type { StoredBlob } from '../contracts/catalog.ts';
import { isSwarmError } from '../errors.ts';
import { blobPath } from './layout.ts';
import { digestPaced } from './paced-digest.ts';
import { quarantineBlob } from './quarantine.ts';
import type { StoreParts } from './store-parts.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** With nothing due, it looks again this often: blobs come and go meanwhile. */
const LOOK_AGAIN_MS = 60 * 60 * 1000;

export interface ScrubOptions {
  /** How often each blob is read and checked, milliseconds. Default: 30 days. */
  readonly period?: number;
  /** Default: 32 MiB, so that a disk hardly notices. */
  readonly bytesPerSecond?: number;
}

/** Re-reads the blob that has been unchecked for longest, one after the other, until `signal` aborts. */
export async function scrubForever(store: StoreParts, options: ScrubOptions, signal: AbortSignal): Promise<void> {
  const { period = 30 * DAY_MS, bytesPerSecond = 32 * 1024 * 1024 } = options;
  while (!signal.aborted) {
    const [next] = store.index.longestUnverified(1);
    const dueIn = next ? next.verifiedAt + period - store.clock.now() : LOOK_AGAIN_MS;
    const checked = next && dueIn <= 0 && (await tryCheck(store, next, bytesPerSecond, signal));
    if (!checked) await store.clock.sleep(dueIn > 0 ? Math.min(dueIn, LOOK_AGAIN_MS) : LOOK_AGAIN_MS, signal);
  }
}

/** False when the check could not be done, or its result not be written down (a full disk): later, then. */
async function tryCheck(
  store: StoreParts,
  blob: StoredBlob,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await checkBlob(store, blob, bytesPerSecond, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    store.logger.warn({ sha256: blob.sha256, error: (error as Error).message }, 'stored blob could not be checked');
    return false;
  }
}

/** Compares a blob with its name; damage takes it out of the store. Leased meanwhile, so that it is not evicted. */
async function checkBlob(
  store: StoreParts,
  blob: StoredBlob,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const release = store.leases.take(blob.sha256);
  try {
    const damage = await findDamage(store, blob, bytesPerSecond, signal);
    if (damage === undefined) store.index.markVerified(blob.sha256, store.clock.now());
    else await quarantineBlob(store, blob, damage);
  } finally {
    release();
  }
}

async function findDamage(
  store: StoreParts,
  { sha256, size, directory }: StoredBlob,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { hashing, clock } = store;
  const file = { path: blobPath(directory, sha256), size, gitOid: false };
  // Read twice before it counts as unreadable: a crashed hash worker is no damage of the blob's.
  for (let attempt = 1; ; attempt++) {
    try {
      const digests = await digestPaced(file, { hashing, clock, bytesPerSecond, signal });
      return digests.sha256 === sha256 ? undefined : `its bytes have SHA-256 ${digests.sha256}`;
    } catch (error) {
      if (signal.aborted || isSwarmError(error, 'CLOSED')) throw error;
      if (attempt === 2) return (error as Error).message;
    }
  }
}
