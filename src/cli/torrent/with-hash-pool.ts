import type { HashPool } from '../../contracts/hasher.ts';
import { createHashPool } from '../../hashing/hash-pool.ts';

/** Does some work with threads that hash, and ends them whatever becomes of it. */
export async function withHashPool<T>(work: (pool: HashPool) => Promise<T>): Promise<T> {
  const pool = createHashPool();
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
