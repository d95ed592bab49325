import type { Clock } from '../contracts/clock.ts';
import type { HashPool } from '../contracts/hasher.ts';

/** Read in one go; the pauses between come out at most a second long at any sensible rate. */
const STEP_BYTES = 4 * 1024 * 1024;

/**
 * SHA-256 (and git oid, if asked for) of a file, read at no more than `bytesPerSecond`.
 * Errors: INTERNAL when it cannot be read; the reason of `signal`.
 */
export async function digestPaced(
  file: { readonly path: string; readonly size: number; readonly gitOid: boolean },
  options: {
    readonly hashing: HashPool;
    readonly clock: Clock;
    readonly bytesPerSecond: number;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly sha256: string; readonly gitOid: string }> {
  const { clock, bytesPerSecond, signal } = options;
  const hasher = options.hashing.open(file.path, file.size, { gitOid: file.gitOid });
  try {
    while (hasher.position < file.size) {
      signal.throwIfAborted();
      const step = Math.min(STEP_BYTES, file.size - hasher.position);
      await hasher.advance(hasher.position + step);
      await clock.sleep((step / bytesPerSecond) * 1000, signal);
    }
    return await hasher.finish();
  } finally {
    hasher.close();
  }
}
