import { platform } from '#platform';
import { sameBytes } from '../base/same-bytes.ts';
import type { MerkleHashes } from '../contracts/piece-hashes.ts';

/** Bytes under one leaf of a BEP 52 tree. */
export const BLOCK_BYTES: number = 16 * 1024;
/** What `MerkleHashes.nodes` has one hash for, and the levels of the tree below it. */
export const NODE_BYTES: number = 1024 * 1024;
const NODE_HEIGHT = 6;
const HASH = 32;

const zeroRoots: Uint8Array[] = [new Uint8Array(HASH)];

/**
 * The root of a subtree of 2^`height` leaves beyond the end of a file. BEP 52 fills trees up with leaves of 32 zero bytes (not with hashes
 * of zeros), so that higher up it is these roots that stand for what is not there.
 */
export function zeroSubtreeRoot(height: number): Uint8Array {
  for (let level = zeroRoots.length; level <= height; level++) {
    const below = zeroRoots[level - 1] ?? new Uint8Array(HASH);
    const pair = new Uint8Array(2 * HASH);
    pair.set(below, 0);
    pair.set(below, HASH);
    zeroRoots.push(platform.digest('SHA-256', pair));
  }
  return zeroRoots[height] ?? new Uint8Array(HASH);
}

/**
 * The root over hashes of 32 bytes each, as wide as the next power of two.
 *
 * @param hashes at least one.
 * @param height levels below these hashes: 0 for leaves; says what fills the tree up.
 */
export function merkleRoot(hashes: Uint8Array, height = 0): Uint8Array {
  let level = hashes;
  for (let at = height; level.length > HASH; at++) level = reduceOnce(level, at);
  return Uint8Array.from(level);
}

/** The layer `steps` levels above `nodes`, whose own subtrees have 2^`height` leaves; what is missing at its end is filled up. */
function reduceNodes(nodes: Uint8Array, height: number, steps: number): Uint8Array {
  let level = nodes;
  for (let at = height; at < height + steps; at++) level = reduceOnce(level, at);
  return level;
}

/**
 * The piece layer of a file of `length` bytes: empty when it has at most one piece (BEP 52 keeps none then).
 *
 * @param pieceLength a power of two, at least 1 MiB.
 */
export function layerOf({ nodes }: MerkleHashes, length: number, pieceLength: number): Uint8Array {
  if (length <= pieceLength) return new Uint8Array(0);
  return reduceNodes(nodes, NODE_HEIGHT, Math.log2(pieceLength / NODE_BYTES));
}

/** Do the hashes of a piece layer lead to the root of a file of `length` bytes? */
export function layerMatches(layer: Uint8Array, root: Uint8Array, length: number, pieceLength: number): boolean {
  if (layer.length !== Math.ceil(length / pieceLength) * HASH) return false;
  const found = merkleRoot(layer, Math.log2(pieceLength / BLOCK_BYTES));
  return sameBytes(found, root);
}

function reduceOnce(level: Uint8Array, height: number): Uint8Array {
  const count = level.length / HASH;
  const above = new Uint8Array(Math.ceil(count / 2) * HASH);
  const whole = Math.floor(count / 2);
  for (let index = 0; index < whole; index++) {
    const pair = level.subarray(2 * index * HASH, (2 * index + 2) * HASH);
    platform.digestInto('SHA-256', pair, above, index * HASH);
  }
  if (count % 2 === 1) {
    const pair = new Uint8Array(2 * HASH);
    pair.set(level.subarray(2 * whole * HASH), 0);
    pair.set(zeroSubtreeRoot(height), HASH);
    platform.digestInto('SHA-256', pair, above, whole * HASH);
  }
  return above;
}
