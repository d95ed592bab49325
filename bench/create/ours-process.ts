/** Hashes a file for one form of torrent, twice; prints the seconds and CPU seconds of the second time as JSON. */
import { stat } from 'node:fs/promises';
import { hashFile } from '../../src/hashing/file-hashes.ts';
import { createHashPool } from '../../src/hashing/hash-pool.ts';

const [path = '', form] = process.argv.slice(2);
const { size } = await stat(path);
const pool = createHashPool();
const MIB = 1 << 20;

async function hash(): Promise<void> {
  if (form === 'v1' || form === 'v2') return hashRuns();
  const whole = form === 'hybrid+sha256' ? pool.open(path, size, { gitOid: false }) : undefined;
  await Promise.all([whole?.advance(size), hashFile(pool, path, size, { pieceLengths: [MIB] })]);
  await whole?.finish();
}

/** One side alone, which no command of ours makes: for the comparison. */
async function hashRuns(): Promise<void> {
  const options = form === 'v1' ? { pieceLengths: [MIB] } : { pieceLengths: [], nodeLength: MIB };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < size) {
      const start = next;
      next += 16 * MIB;
      await pool.hashRun([{ path, start, end: Math.min(size, start + 16 * MIB) }], options);
    }
  };
  await Promise.all(Array.from({ length: pool.threads + 1 }, worker));
}

await hash();
const before = process.cpuUsage();
const startedAt = performance.now();
await hash();
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds: (performance.now() - startedAt) / 1000, cpu: (user + system) / 1e6 }));
await pool.close();
