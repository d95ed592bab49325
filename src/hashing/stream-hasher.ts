import { createSHA256 } from 'hash-wasm';
import { concat } from '../base/concat.ts';
import type { FileHashes, PieceHashes } from '../contracts/piece-hashes.ts';
import { merkleRoot, NODE_BYTES } from '../metainfo/merkle.ts';

const BLOCK = 16 * 1024;
const NODE_HEIGHT = 6;

/** All hashes of a file that comes as a stream. */
export interface StreamHasher {
  /** Takes in the next bytes, which may be of any length; resolves when more may come. Calls must not overlap. */
  update(bytes: Uint8Array): Promise<void>;
  /** Once, at the end. */
  finish(): Promise<{ readonly sha256: string; readonly hashes: FileHashes }>;
}

/**
 * Hashes a stream with what every browser has, and Node too: WebCrypto for pieces and blocks, a node of 64 blocks at a time (one call per
 * block on its own costs twice as much), and WASM for the SHA-256 of the whole file, which WebCrypto cannot take in parts. It holds
 * one piece of the largest length.
 *
 * @param pieceLengths powers of two from 1 MiB on.
 */
export async function createStreamHasher(pieceLengths: readonly number[]): Promise<StreamHasher> {
  const whole = await createSHA256();
  whole.init();
  const pieces = pieceLengths.map((length) => new PieceCollector(length));
  const nodes: Uint8Array[] = [];
  const node = new Uint8Array(NODE_BYTES);
  let filled = 0;
  let total = 0;

  async function takeNode(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const leaves = await digestBlocks(bytes);
    // The tree of a file of one node is only as wide as its own blocks.
    nodes.push(merkleRoot(total <= NODE_BYTES ? leaves : filledUp(leaves)));
  }

  async function takeFilled(): Promise<void> {
    const bytes = node.subarray(0, filled);
    whole.update(bytes);
    await Promise.all([takeNode(bytes), ...pieces.map((piece) => piece.update(bytes))]);
    filled = 0;
  }

  return {
    async update(bytes) {
      for (let position = 0; position < bytes.length; ) {
        const part = bytes.subarray(position, position + NODE_BYTES - filled);
        node.set(part, filled);
        filled += part.length;
        total += part.length;
        position += part.length;
        if (filled === NODE_BYTES) await takeFilled();
      }
    },
    async finish() {
      if (filled > 0) await takeFilled();
      const joined = concat(nodes);
      const merkle =
        total > NODE_BYTES
          ? { root: merkleRoot(joined, NODE_HEIGHT), nodes: joined }
          : { root: joined, nodes: new Uint8Array(0) };
      return {
        sha256: whole.digest('hex'),
        hashes: { merkle, pieces: await Promise.all(pieces.map((piece) => piece.finish())) },
      };
    },
  };
}

/** SHA-1 of pieces, each digested when it is whole. */
class PieceCollector {
  readonly #pieceLength: number;
  readonly #digests: Uint8Array[] = [];
  readonly #piece: Uint8Array<ArrayBuffer>;
  #filled = 0;

  constructor(pieceLength: number) {
    this.#pieceLength = pieceLength;
    this.#piece = new Uint8Array(pieceLength);
  }

  /** `bytes` never run across the end of a piece: nodes divide pieces. */
  async update(bytes: Uint8Array): Promise<void> {
    this.#piece.set(bytes, this.#filled);
    this.#filled += bytes.length;
    if (this.#filled < this.#pieceLength) return;
    this.#digests.push(await digest('SHA-1', this.#piece));
    this.#filled = 0;
  }

  async finish(): Promise<PieceHashes> {
    let paddedLast: Uint8Array = new Uint8Array(0);
    if (this.#filled > 0) {
      this.#digests.push(await digest('SHA-1', this.#piece.subarray(0, this.#filled)));
      this.#piece.fill(0, this.#filled);
      paddedLast = await digest('SHA-1', this.#piece);
    }
    return { pieceLength: this.#pieceLength, pieces: concat(this.#digests), paddedLast };
  }
}

async function digestBlocks(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const blocks: Promise<Uint8Array>[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK) {
    blocks.push(digest('SHA-256', bytes.subarray(start, start + BLOCK)));
  }
  return concat(await Promise.all(blocks));
}

/** The leaves of a whole node: zeros stand for blocks beyond the end of the file. */
function filledUp(leaves: Uint8Array): Uint8Array {
  const all = new Uint8Array((NODE_BYTES / BLOCK) * 32);
  all.set(leaves);
  return all;
}

async function digest(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
}
