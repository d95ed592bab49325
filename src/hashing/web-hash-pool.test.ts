import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createHashPool } from './hash-pool.ts';
import { createWebHashPool } from './web-hash-pool.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

test.each([0, 1, 16 * KIB, 16 * KIB + 1, 40 * KIB, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])(
  'WebCrypto makes the same hashes of %i bytes as the threads of Node',
  async (length) => {
    const threads = createHashPool({ threads: 1 });
    const web = createWebHashPool();
    const bytes = new Uint8Array(randomBytes(length));
    const options = { pieceLengths: [MIB, 4 * MIB], nodeLength: MIB };
    try {
      expect(await web.hashRun([bytes], options)).toEqual(await threads.hashRun([bytes], options));
      const parts = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)];
      expect(await web.hashRun(parts, options)).toEqual(await threads.hashRun([bytes], options));
    } finally {
      await threads.close();
    }
  },
);

test('it reads no files', async () => {
  const pool = createWebHashPool();
  await expect(pool.hashRun([{ path: '/x', start: 0, end: 1 }], { pieceLengths: [MIB] })).rejects.toMatchObject({
    code: 'INTERNAL',
  });
  expect(() => pool.open('/x', 1)).toThrow(/no files/);
});
