import { platform } from '#platform';
import { sameBytes } from '../base/same-bytes.ts';
import { BLOCK_BYTES } from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';

/** A block of a piece that was wrong: who sent it, and what. */
interface Exhibit {
  readonly sender: object;
  readonly hash: Uint8Array;
}

/** Pieces that are remembered; each costs 64 hashes or so. */
const MOST_CASES = 100;

/**
 * Finds out who sent the bad blocks of a piece that failed. Whoever sent all of it is guilty at once. Else what everybody sent is remembered, and
 * the piece is fetched again from one peer alone: when it is good, the senders of other blocks are the liars.
 */
export class Blame {
  readonly #cases = new Map<number, (Exhibit | undefined)[]>();
  readonly #suspects = new Map<number, Set<object>>();

  /** Those who must not bring a piece the next time, since it failed with them; undefined: it never failed. */
  suspects(piece: number): ReadonlySet<object> | undefined {
    return this.#suspects.get(piece);
  }

  /** A piece failed. Returns who is guilty for sure. */
  failed(active: ActivePiece<object>): object[] {
    const senders = active.senders();
    const suspects = this.#suspects.get(active.piece) ?? new Set();
    if (senders.size === 1) {
      this.#suspects.set(active.piece, suspects);
      return [...senders];
    }
    if (this.#cases.size < MOST_CASES) this.#cases.set(active.piece, exhibits(active));
    this.#suspects.set(active.piece, suspects);
    return [];
  }

  /** A piece is good. Returns who had sent something else for it. */
  passed(active: ActivePiece<object>): object[] {
    const remembered = this.#cases.get(active.piece);
    this.#cases.delete(active.piece);
    this.#suspects.delete(active.piece);
    if (!remembered) return [];
    const guilty = new Set<object>();
    for (const [block, good] of exhibits(active).entries()) {
      const exhibit = remembered[block];
      if (exhibit && good && !sameBytes(exhibit.hash, good.hash)) guilty.add(exhibit.sender);
    }
    return [...guilty];
  }

  /** Somebody is gone for good. */
  forget(sender: object): void {
    for (const suspects of this.#suspects.values()) suspects.delete(sender);
  }
}

function exhibits(active: ActivePiece<object>): (Exhibit | undefined)[] {
  return Array.from({ length: active.blockCount }, (_, block) => {
    const sender = active.senderOf(block);
    const start = block * BLOCK_BYTES;
    const bytes = active.buffer.subarray(start, start + active.blockLength(block));
    return sender && { sender, hash: platform.digest('SHA-1', bytes) };
  });
}
