import { platform } from '#platform';
import { concat } from '../base/concat.ts';
import { sameBytes } from '../base/same-bytes.ts';
import { merkleRoot, zeroSubtreeRoot } from './merkle.ts';

const HASH = 32;

/** Some hashes of one layer of a file's tree, as peers ask for them (BEP 52). */
export interface LayerSpan {
  /** Levels above the leaves. */
  readonly base: number;
  /** Of the first hash in its layer. */
  readonly index: number;
  /** A power of two. */
  readonly length: number;
}

/** The levels of a tree from one layer up to the root, which is the last. Each is as wide as it must be, filled up at its end. */
export interface TreeTop {
  /** Levels of the first one above the leaves. */
  readonly base: number;
  readonly levels: readonly Uint8Array[];
}

/** Builds the upper part of a tree on a layer of at least one hash whose subtrees have 2^`base` leaves. */
export function buildTreeTop(layer: Uint8Array, base: number): TreeTop {
  const levels = [fillUp(layer, base)];
  for (let below = levels[0]; below && below.length > HASH; below = levels.at(-1)) levels.push(reduceFull(below));
  return { base, levels };
}

/**
 * The hashes of a span, and the uncles that lead them up `proofLayers` layers, lowest first. Undefined when the tree does not have them.
 */
export function readSpan({ base, levels }: TreeTop, span: LayerSpan, proofLayers: number): Uint8Array | undefined {
  const level = levels[span.base - base];
  const start = span.index * HASH;
  const end = start + span.length * HASH;
  if (!level || end > level.length) return undefined;
  const parts = [level.subarray(start, end)];
  let at = span.base - base + Math.log2(span.length);
  let index = span.index / span.length;
  // Uncles begin beside the node that the span itself leads to; the layers below it count, too (BEP 52).
  for (let layers = proofLayers - (Math.log2(span.length) - 1); layers > 0; layers--) {
    const uncle = levels[at]?.subarray((index ^ 1) * HASH, (index ^ 1) * HASH + HASH);
    if (!uncle || uncle.length === 0) return undefined;
    parts.push(uncle);
    at += 1;
    index >>= 1;
  }
  return concat(parts);
}

/** Do a span's hashes, with their uncles behind them, lead to `root`, in a tree of 2^`height` leaves? */
export function spanMatches(span: LayerSpan, hashes: Uint8Array, root: Uint8Array, height: number): boolean {
  const uncles = hashes.length / HASH - span.length;
  if (uncles < 0 || span.base + Math.log2(span.length) + uncles !== height) return false;
  let node = merkleRoot(hashes.subarray(0, span.length * HASH));
  let index = span.index / span.length;
  for (let step = 0; step < uncles; step++) {
    const at = (span.length + step) * HASH;
    const uncle = hashes.subarray(at, at + HASH);
    node = index % 2 === 0 ? parent(node, uncle) : parent(uncle, node);
    index = Math.floor(index / 2);
  }
  return index === 0 && sameBytes(node, root);
}

/** Levels above the leaves of a file's root: its tree is as wide as the next power of two of its blocks. */
export function treeHeight(length: number, blockBytes: number): number {
  return Math.ceil(Math.log2(Math.max(1, Math.ceil(length / blockBytes))));
}

function fillUp(layer: Uint8Array, base: number): Uint8Array {
  const count = layer.length / HASH;
  const width = 2 ** Math.ceil(Math.log2(count));
  const level = new Uint8Array(width * HASH);
  level.set(layer);
  for (let index = count; index < width; index++) level.set(zeroSubtreeRoot(base), index * HASH);
  return level;
}

function reduceFull(level: Uint8Array): Uint8Array {
  const above = new Uint8Array(level.length / 2);
  for (let at = 0; at < above.length; at += HASH)
    platform.digestInto('SHA-256', level.subarray(2 * at, 2 * at + 2 * HASH), above, at);
  return above;
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return platform.digest('SHA-256', concat([left, right]));
}
