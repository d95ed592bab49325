import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { referenceNodes, referencePieces, referenceRoot } from '../../test/support/reference-hashes.ts';
import { createStreamHasher } from './stream-hasher.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

async function hashInParts(bytes: Uint8Array, partLength: number, pieceLengths: readonly number[]) {
  const hasher = await createStreamHasher(pieceLengths);
  for (let start = 0; start < bytes.length; start += partLength) {
    await hasher.update(bytes.subarray(start, start + partLength));
  }
  return hasher.finish();
}

test.each([
  ['nothing', 0, 1],
  ['one byte', 1, 1],
  ['one block', 16 * KIB, 1000],
  ['one block and a byte', 16 * KIB + 1, 16 * KIB],
  ['one node less a byte', MIB - 1, 64 * KIB],
  ['one node', MIB, MIB],
  ['one node and a byte', MIB + 1, 4 * MIB],
  ['several pieces and a tail', 9 * MIB + 12_345, 100_003],
])('a stream of %s has the hashes of its bytes', async (_name, size, partLength) => {
  const bytes = randomBytes(size);
  const { sha256, hashes } = await hashInParts(bytes, partLength, [MIB, 4 * MIB]);
  expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(Buffer.from(hashes.merkle.root)).toEqual(referenceRoot(bytes));
  expect(Buffer.from(hashes.merkle.nodes)).toEqual(size > MIB ? referenceNodes(bytes, MIB) : Buffer.alloc(0));
  for (const [index, pieceLength] of [MIB, 4 * MIB].entries()) {
    const { pieces, paddedLast } = hashes.pieces[index] ?? expect.fail('no pieces');
    expect(Buffer.from(pieces)).toEqual(referencePieces(bytes, pieceLength, false));
    const padded = referencePieces(bytes, pieceLength, true).subarray(-20);
    expect(Buffer.from(paddedLast)).toEqual(size % pieceLength === 0 ? Buffer.alloc(0) : padded);
  }
});
