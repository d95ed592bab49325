import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTreeTop, readSpan, spanMatches, treeHeight } from './merkle-proof.ts';

const HASH = 32;
const BLOCK = 16_384;

/** A whole tree the slow way: leaves of 32 zero bytes fill it up; every level as lists of hashes. */
function wholeTree(blocks: number): Buffer[][] {
  const sha = (...parts: Uint8Array[]): Buffer => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  let level = Array.from({ length: blocks }, (_, index) => sha(Buffer.from(`block ${index}`)));
  while ((level.length & (level.length - 1)) !== 0) level.push(Buffer.alloc(HASH));
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, index) =>
      sha(below[2 * index] ?? Buffer.alloc(0), below[2 * index + 1] ?? Buffer.alloc(0)),
    );
    levels.push(level);
  }
  return levels;
}

/** The layer as torrent files have it: without what is beyond the end of the file. */
const layerOf = (tree: Buffer[][], base: number, blocks: number): Uint8Array =>
  new Uint8Array(Buffer.concat((tree[base] ?? []).slice(0, Math.ceil(blocks / 2 ** base))));
const rootOf = (tree: Buffer[][]): Uint8Array => new Uint8Array(tree.at(-1)?.[0] ?? []);

/** A tree, the layer that is held of it, and a span that may be asked for. */
const cases = fc
  .record({
    blocks: fc.integer({ min: 1, max: 300 }),
    heldRaw: fc.nat(),
    baseRaw: fc.nat(),
    sizeRaw: fc.nat(),
    placeRaw: fc.nat(),
  })
  .map(({ blocks, heldRaw, baseRaw, sizeRaw, placeRaw }) => {
    const height = treeHeight(blocks * BLOCK, BLOCK);
    const held = heldRaw % (height + 1);
    const base = held + (baseRaw % (height - held + 1));
    const steps = sizeRaw % (height - base + 1);
    const length = 2 ** steps;
    const index = (placeRaw % 2 ** (height - base - steps)) * length;
    return { blocks, height, held, span: { base, index, length }, proofLayers: height - base - 1 };
  });

test('any span of any tree is proved, and the proof is that of the definition', () => {
  fc.assert(
    fc.property(cases, ({ blocks, height, held, span, proofLayers }) => {
      const tree = wholeTree(blocks);
      const hashes = readSpan(buildTreeTop(layerOf(tree, held, blocks), held), span, proofLayers);
      const expected = tree[span.base]?.slice(span.index, span.index + span.length) ?? [];
      let place = span.index / span.length;
      for (let level = span.base + Math.log2(span.length); level < height; level++) {
        expected.push(tree[level]?.[place ^ 1] ?? Buffer.alloc(0));
        place >>= 1;
      }
      expect(Buffer.from(hashes ?? []).toString('hex')).toBe(Buffer.concat(expected).toString('hex'));
      expect(spanMatches(span, hashes ?? new Uint8Array(0), rootOf(tree), height)).toBe(true);
    }),
  );
});

test('a proof with a wrong bit, of another place, another tree or another length does not match', () => {
  fc.assert(
    fc.property(cases, fc.nat(), ({ blocks, height, held, span, proofLayers }, bit) => {
      const tree = wholeTree(blocks);
      const root = rootOf(tree);
      const hashes = readSpan(buildTreeTop(layerOf(tree, held, blocks), held), span, proofLayers) ?? new Uint8Array(0);
      const wrong = hashes.slice();
      const at = (bit >> 3) % wrong.length;
      wrong[at] = (wrong[at] ?? 0) ^ (1 << (bit & 7));
      expect(spanMatches(span, wrong, root, height)).toBe(false);
      expect(spanMatches({ ...span, index: span.index + span.length * 2 ** height }, hashes, root, height)).toBe(false);
      expect(spanMatches(span, hashes, root, height + 1)).toBe(false);
      expect(spanMatches(span, hashes.subarray(0, -1), root, height)).toBe(false);
      expect(spanMatches(span, hashes.subarray(0, -HASH), root, height)).toBe(false);
      expect(spanMatches(span, Uint8Array.of(...hashes, ...new Uint8Array(HASH)), root, height)).toBe(false);
    }),
  );
});

describe('a span is not answered', () => {
  const tree = wholeTree(100);
  const top = buildTreeTop(layerOf(tree, 2, 100), 2);
  test.each([
    ['below the layer that is held', { base: 1, index: 0, length: 2 }, 0],
    ['above the root', { base: 8, index: 0, length: 1 }, 0],
    ['beyond the end of the tree', { base: 2, index: 32, length: 2 }, 0],
    ['wider than the tree', { base: 2, index: 0, length: 64 }, 0],
    ['with a proof beyond the root', { base: 2, index: 0, length: 2 }, 5],
  ])('%s', (_name, span, proofLayers) => {
    expect(readSpan(top, span, proofLayers)).toBeUndefined();
  });

  test('but with as little proof as is asked for', () => {
    expect(readSpan(top, { base: 2, index: 4, length: 4 }, 0)).toEqual(
      new Uint8Array(Buffer.concat(tree[2]?.slice(4, 8) ?? [])),
    );
    expect(readSpan(top, { base: 2, index: 4, length: 4 }, 2)?.length).toBe((4 + 1) * HASH);
  });
});

test('what fills the piece layer up is the root of a tree of zero leaves (the value that libtorrent has)', () => {
  const tree = wholeTree(3 * 64 - 5);
  const answer = readSpan(buildTreeTop(layerOf(tree, 6, 3 * 64 - 5), 6), { base: 6, index: 0, length: 4 }, 1);
  expect(Buffer.from(answer?.subarray(3 * HASH) ?? []).toString('hex')).toBe(
    'd88ddfeed400a8755596b21942c1497e114c302e6118290f91e6772976041fa1',
  );
});

test.each([
  [0, 0],
  [1, 0],
  [BLOCK, 0],
  [BLOCK + 1, 1],
  [3 * BLOCK, 2],
  [4 * BLOCK, 2],
  [4 * BLOCK + 1, 3],
  [2 ** 40, 26],
])('the tree of a file of %i bytes has %i levels above its leaves', (length, height) => {
  expect(treeHeight(length, BLOCK)).toBe(height);
});
