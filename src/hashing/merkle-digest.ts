import { createHash, type Hash, hash } from 'node:crypto';

/** Bytes under one leaf of a BEP 52 tree. */
const BLOCK = 16 * 1024;
const HASH = 32;

/**
 * BEP 52 hashes of a run of bytes: one node for every `nodeLength` bytes. Node's one-shot hashes are taken as text of one character per
 * byte and written in place: as a buffer of their own the 64-byte ones cost four times as much (1.7 µs instead of 0.4).
 */
export class MerkleDigest {
  readonly #leavesPerNode: number;
  readonly #leaves: Buffer;
  #leafCount = 0;
  #nodes: Uint8Array[] = [];
  #partial: Hash | undefined;
  #partialBytes = 0;

  /** `nodeLength`: a power of two, at least 16 KiB. */
  constructor(nodeLength: number) {
    this.#leavesPerNode = nodeLength / BLOCK;
    this.#leaves = Buffer.alloc(this.#leavesPerNode * HASH);
  }

  update(bytes: Uint8Array): void {
    let position = 0;
    while (position < bytes.length) {
      const wanted = BLOCK - this.#partialBytes;
      const piece = bytes.subarray(position, position + wanted);
      position += piece.length;
      if (piece.length === BLOCK) this.#addLeaf(hash('sha256', piece, 'binary'));
      else this.#addPart(piece);
    }
  }

  /** The nodes, 32 bytes each, the last one filled up with zero leaves; and the root, of a run that is no longer than a node. Once. */
  finish(): { readonly nodes: Uint8Array; readonly root: Uint8Array } {
    if (this.#partial) this.#addLeaf(this.#partial.digest('binary'));
    let root: Uint8Array = new Uint8Array(0);
    const isShort = this.#nodes.length === 0 || (this.#nodes.length === 1 && this.#leafCount === 0);
    if (this.#leafCount > 0) {
      const leaves = this.#leafCount;
      // A short file's tree is only as wide as its own blocks.
      if (isShort) root = reduce(Buffer.from(this.#leaves.subarray(0, nextPowerOfTwo(leaves) * HASH)));
      this.#closeNode();
    } else if (isShort) root = this.#nodes[0] ?? root;
    return { nodes: Buffer.concat(this.#nodes), root };
  }

  #addPart(piece: Uint8Array): void {
    this.#partial ??= createHash('sha256');
    this.#partial.update(piece);
    this.#partialBytes += piece.length;
    if (this.#partialBytes === BLOCK) this.#addLeaf(this.#partial.digest('binary'));
  }

  #addLeaf(digest: string): void {
    this.#partial = undefined;
    this.#partialBytes = 0;
    this.#leaves.write(digest, this.#leafCount * HASH, HASH, 'latin1');
    this.#leafCount += 1;
    if (this.#leafCount === this.#leavesPerNode) this.#closeNode();
  }

  #closeNode(): void {
    this.#nodes.push(reduce(this.#leaves));
    this.#leaves.fill(0);
    this.#leafCount = 0;
  }
}

/** The root over a power of two of leaves, which are overwritten. */
function reduce(level: Buffer): Uint8Array {
  for (let width = level.length / HASH; width > 1; width /= 2) {
    for (let index = 0; index < width; index += 2) {
      const pair = level.subarray(index * HASH, (index + 2) * HASH);
      level.write(hash('sha256', pair, 'binary'), (index / 2) * HASH, HASH, 'latin1');
    }
  }
  return Uint8Array.from(level.subarray(0, HASH));
}

function nextPowerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
