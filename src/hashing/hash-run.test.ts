import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { referenceNodes, referencePieces, referenceRoot } from '../../test/support/reference-hashes.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import type { HashPool } from '../contracts/hasher.ts';
import { NODE_BYTES } from '../metainfo/merkle.ts';
import { hashFile } from './file-hashes.ts';
import { createHashPool } from './hash-pool.ts';
import { RunDigest } from './run-digest.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

function openPool(): HashPool {
  const pool = createHashPool({ threads: 2 });
  onTestFinished(() => pool.close());
  return pool;
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

describe('a run of bytes', () => {
  test('has the pieces, nodes and root that the definitions give, however it is cut up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 * KIB }),
        fc.constantFrom(16 * KIB, 32 * KIB, 64 * KIB),
        fc.constantFrom(16 * KIB, 64 * KIB),
        fc.array(fc.integer({ min: 1, max: 70 * KIB }), { minLength: 1, maxLength: 5 }),
        (size, pieceLength, nodeLength, cuts) => {
          const bytes = randomBytes(size);
          const digest = new RunDigest({ pieceLengths: [pieceLength, 2 * pieceLength], nodeLength });
          for (let start = 0, turn = 0; start < size; turn++) {
            const end = start + (cuts[turn % cuts.length] ?? 1);
            digest.update(bytes.subarray(start, end));
            start = end;
          }
          const { nodes, root, pieces } = digest.finish();
          expect(same(nodes, referenceNodes(bytes, nodeLength))).toBe(true);
          expect(same(root, size <= nodeLength ? referenceRoot(bytes) : Buffer.alloc(0))).toBe(true);
          for (const length of [pieceLength, 2 * pieceLength]) {
            const found = pieces.find((candidate) => candidate.pieceLength === length);
            expect(same(found?.pieces ?? Buffer.alloc(0), referencePieces(bytes, length, false))).toBe(true);
            const padded = size % length === 0 ? Buffer.alloc(0) : referencePieces(bytes, length, true).subarray(-20);
            expect(same(found?.paddedLast ?? Buffer.alloc(0), padded)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('may be made of parts of files and of bytes in memory', async () => {
    const folder = await tempDir();
    const bytes = randomBytes(300 * KIB);
    await writeFile(join(folder, 'one'), bytes.subarray(0, 100 * KIB));
    await writeFile(join(folder, 'two'), bytes.subarray(90 * KIB));
    const parts = [
      { path: join(folder, 'one'), start: 0, end: 100 * KIB },
      { path: Buffer.from(join(folder, 'two')), start: 10 * KIB, end: 160 * KIB },
      bytes.subarray(250 * KIB),
    ];
    const { pieces } = await openPool().hashRun(parts, { pieceLengths: [48 * KIB] });
    expect(same(pieces[0]?.pieces ?? Buffer.alloc(0), referencePieces(bytes, 48 * KIB, false))).toBe(true);
  });

  test('of a file that is too short, or is not there, is an error that names it', async () => {
    const path = join(await tempDir(), 'short');
    const pool = openPool();
    const ask = () => pool.hashRun([{ path, start: 0, end: 10 }], { pieceLengths: [MIB] });
    await expect(ask()).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(path) });
    await writeFile(path, 'abc');
    await expect(ask()).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('ends at byte 3') });
  });
});

describe('a whole file, hashed run by run', () => {
  test.each([0, 1, MIB - 1, MIB, MIB + 1, 16 * MIB, 16 * MIB + 1, 33 * MIB + 12_345])('of %i bytes', async (size) => {
    const path = join(await tempDir(), 'file');
    const bytes = randomBytes(size);
    await writeFile(path, bytes);
    let heard = 0;
    const { merkle, pieces } = await hashFile(openPool(), path, size, {
      pieceLengths: [MIB, 4 * MIB],
      onProgress: (count) => {
        heard += count;
      },
    });
    expect(heard).toBe(size);
    expect(same(merkle.root, referenceRoot(bytes))).toBe(true);
    expect(same(merkle.nodes, size > MIB ? referenceNodes(bytes, NODE_BYTES) : Buffer.alloc(0))).toBe(true);
    for (const { pieceLength, pieces: found, paddedLast } of pieces) {
      expect(same(found, referencePieces(bytes, pieceLength, false))).toBe(true);
      if (paddedLast.length > 0)
        expect(same(paddedLast, referencePieces(bytes, pieceLength, true).subarray(-20))).toBe(true);
      expect(paddedLast.length).toBe(size % pieceLength === 0 ? 0 : 20);
    }
  });
});
