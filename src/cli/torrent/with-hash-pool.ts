import type { HashPool } from '../../contracts/hasher.ts';
import { createHashPool } from '../../hashing/hash-pool.ts';

/** Longer than any thread takes to end. */
const HOLD_MS = 60_000;

/** Does some work with threads that hash, and ends them whatever becomes of it. */
export async function withHashPool<T>(work: (pool: HashPool) => Promise<T>): Promise<T> {
  const pool = createHashPool();
  try {
    return await work(pool);
  } finally {
    // A thread that is ended in mid-run no longer holds the process, which would then end with 13 before ctrl-C is answered with 130.
    const hold = setTimeout(() => {}, HOLD_MS);
    await pool.close();
    clearTimeout(hold);
  }
}
