import { platform } from '#platform';
import { sameBytes } from '../base/same-bytes.ts';
import { BLOCK_BYTES } from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';

/** A block of a piece that was wrong: who sent it, and what. */
interface Exhibit {
  readonly sender: object;
  readonly hash: Uint8Array;
}

/** Failed pieces whose blocks are remembered; each costs 64 hashes or so. */
const MOST_CASES = 100;

/**
 * Finds out who sent the bad blocks of a piece that failed. Whoever sent all of it is guilty at once. Else what everybody sent is remembered, and
 * the piece is fetched again from one sender alone: when it is good, the senders of other blocks are the liars. Where a v2 torrent's peers tell the
 * hashes of the blocks, they are found at once.
 */
export class Blame {
  /** By piece; without exhibits where it is clear, or there are too many. */
  readonly #cases = new Map<number, (Exhibit | undefined)[]>();

  /** Did this piece fail before? Then one sender alone is to bring it. */
  hasFailed(piece: number): boolean {
    return this.#cases.has(piece);
  }

  /** A piece failed. Returns who is guilty for sure. */
  failed(active: ActivePiece<object>): object[] {
    const senders = active.senders();
    const isClear = senders.size === 1;
    const isKnown = this.#cases.has(active.piece);
    if (!isKnown) this.#cases.set(active.piece, isClear || this.#cases.size >= MOST_CASES ? [] : exhibits(active));
    return isClear ? [...senders] : [];
  }

  /** A piece is good. Returns who had sent something else for it. */
  passed(active: ActivePiece<object>): object[] {
    const remembered = this.#cases.get(active.piece);
    this.#cases.delete(active.piece);
    if (!remembered || remembered.length === 0) return [];
    const guilty = new Set<object>();
    for (const [block, good] of exhibits(active).entries()) {
      const exhibit = remembered[block];
      if (exhibit && good && !sameBytes(exhibit.hash, good.hash)) guilty.add(exhibit.sender);
    }
    return [...guilty];
  }

  /**
   * The hashes of a failed piece's blocks, of which `dataLength` bytes are a file's, are known. Returns who had sent something else; the next try may come
   * from many again.
   */
  settled(piece: number, leaves: Uint8Array, dataLength: number): object[] {
    const remembered = this.#cases.get(piece);
    if (!remembered) return [];
    this.#cases.delete(piece);
    const blocks = Math.floor(dataLength / BLOCK_BYTES);
    const guilty = remembered
      .slice(0, blocks)
      .filter((exhibit, block) => exhibit && !sameBytes(exhibit.hash, leaves.subarray(block * 32, block * 32 + 32)));
    // It was in the part of a block, beside pads, which has no hash here: the slow way finds it.
    if (guilty.length === 0) this.#cases.set(piece, remembered);
    return [...new Set(guilty.flatMap((exhibit) => (exhibit ? [exhibit.sender] : [])))];
  }
}

function exhibits(active: ActivePiece<object>): (Exhibit | undefined)[] {
  return Array.from({ length: active.blockCount }, (_, block) => {
    const sender = active.senderOf(block);
    const start = block * BLOCK_BYTES;
    const bytes = active.buffer.subarray(start, start + active.blockLength(block));
    return sender && { sender, hash: platform.digest('SHA-256', bytes) };
  });
}
