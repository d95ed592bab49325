import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { referenceNodes, referenceRoot } from '../../test/support/reference-hashes.ts';
import { layerMatches, layerOf, merkleRoot, NODE_BYTES, zeroSubtreeRoot } from './merkle.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const hashesOf = (bytes: Uint8Array) => ({ root: referenceRoot(bytes), nodes: referenceNodes(bytes, NODE_BYTES) });

test('what is not there is made of zero bytes, not of hashes of zeros (BEP 52)', () => {
  expect(Buffer.from(zeroSubtreeRoot(0))).toEqual(Buffer.alloc(32));
  // Pieces of 1 MiB: 64 leaves. The value that libtorrent has.
  expect(Buffer.from(zeroSubtreeRoot(6)).toString('hex')).toBe(
    'd88ddfeed400a8755596b21942c1497e114c302e6118290f91e6772976041fa1',
  );
});

test.each([1, 2, 3, 4, 5, 7, 8, 9, 64, 65])('the root over %i leaves is that of the definition', (count) => {
  const bytes = randomBytes((count - 1) * 16 * KIB + 5);
  const leaves = referenceNodes(bytes, 16 * KIB);
  expect(Buffer.from(merkleRoot(leaves))).toEqual(referenceRoot(bytes));
});

describe('the piece layer', () => {
  test.each([
    ['one piece exactly', MIB, MIB, 0],
    ['one piece and a byte', MIB + 1, MIB, 2],
    ['three pieces and a half', 3.5 * MIB, MIB, 4],
    ['larger pieces', 9 * MIB + 3, 4 * MIB, 3],
    ['a file of one larger piece', 4 * MIB, 4 * MIB, 0],
  ])('of %s', (_name, size, pieceLength, count) => {
    const bytes = randomBytes(size);
    const layer = layerOf(hashesOf(bytes), size, pieceLength);
    expect(layer.length / 32).toBe(count);
    if (count > 0) {
      expect(Buffer.from(layer)).toEqual(referenceNodes(bytes, pieceLength));
      expect(layerMatches(layer, referenceRoot(bytes), size, pieceLength)).toBe(true);
    }
  });

  test('that is wrong in a bit, too short, or filled up with raw zeros, does not match', () => {
    const bytes = randomBytes(2.5 * MIB);
    const root = referenceRoot(bytes);
    const layer = layerOf(hashesOf(bytes), bytes.length, MIB);
    const wrong = layer.slice();
    wrong[40] = (wrong[40] ?? 0) ^ 1;
    expect(layerMatches(wrong, root, bytes.length, MIB)).toBe(false);
    expect(layerMatches(layer.subarray(32), root, bytes.length, MIB)).toBe(false);
    expect(layerMatches(layer, root, bytes.length + MIB, MIB)).toBe(false);
    const padded = Buffer.concat([layer, Buffer.alloc(32)]);
    expect(layerMatches(padded, root, bytes.length, MIB)).toBe(false);
    expect(Buffer.from(merkleRoot(padded, 6))).not.toEqual(root);
  });
});
