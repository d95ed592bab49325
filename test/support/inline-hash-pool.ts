import type { HashPool } from '../../src/contracts/hasher.ts';
import { ForwardRun, lengthOf } from '../../src/hashing/forward-run.ts';
import { RunDigest } from '../../src/hashing/run-digest.ts';
import { storeRun } from '../../src/hashing/store-run.ts';

const BUFFER = new Uint8Array(64 * 1024);

/** Hashes at once, in this thread: so that a simulation does not depend on when threads run. */
export function inlineHashPool(): HashPool {
  return {
    threads: 1,
    sharesMemory: true,
    async hashRun(parts, options) {
      const digest = new RunDigest(options);
      const bytes = parts.reduce((sum, part) => sum + lengthOf(part), 0);
      new ForwardRun(parts).advance(bytes, BUFFER, (chunk) => digest.update(chunk));
      return digest.finish();
    },
    storeRun: async (bytes, options, expected, writes) => storeRun({ bytes, options, expected, writes }),
    open: () => {
      throw new Error('not simulated');
    },
    crc32: () => Promise.reject(new Error('not simulated')),
    close: async () => {},
  };
}
