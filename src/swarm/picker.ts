import type { Bitfield } from '../base/bitfield.ts';

/** In a large torrent this many pieces are compared, from a random one on; that is rare enough. */
const MOST_COMPARED = 4096;

export interface PickerOptions {
  readonly pieceCount: number;
  /** 0..1, for ties and windows. */
  readonly random: () => number;
}

/**
 * Chooses the piece to begin next: the highest priority, then the rarest, then any; or simply the first. It knows the pieces that are still to
 * be begun (candidates), and how many peers have each.
 */
export class Picker {
  /** In order from the first piece to the last, instead of the rarest first. */
  isSequential = false;
  readonly #random: () => number;
  readonly #priorities: Uint8Array;
  readonly #availability: Uint16Array;
  readonly #candidates: Int32Array;
  /** Place of each piece in `#candidates`; -1: it is none. */
  readonly #places: Int32Array;
  #count = 0;
  #changes = 0;
  /** Peers that have everything are not counted piece by piece. */
  #seeds = 0;

  constructor({ pieceCount, random }: PickerOptions) {
    this.#random = random;
    this.#priorities = new Uint8Array(pieceCount).fill(1);
    this.#availability = new Uint16Array(pieceCount);
    this.#candidates = new Int32Array(pieceCount);
    this.#places = new Int32Array(pieceCount).fill(-1);
  }

  /** How many pieces wait to be begun. */
  get candidates(): number {
    return this.#count;
  }

  /** Goes up with each piece that is offered: who found nothing before need not look again while it stays. */
  get changes(): number {
    return this.#changes;
  }

  priority(piece: number): number {
    return this.#priorities[piece] ?? 0;
  }

  /** 0: not wanted; 1 and more: the more, the sooner. */
  setPriority(piece: number, priority: number): void {
    this.#priorities[piece] = priority;
    if (priority === 0) this.remove(piece);
  }

  isCandidate(piece: number): boolean {
    return (this.#places[piece] ?? -1) >= 0;
  }

  /** The piece is to be begun, if it is wanted. */
  add(piece: number): void {
    if (this.isCandidate(piece) || this.priority(piece) === 0) return;
    this.#changes++;
    this.#places[piece] = this.#count;
    this.#candidates[this.#count++] = piece;
  }

  /** The piece was begun, or is not wanted any more. */
  remove(piece: number): void {
    const place = this.#places[piece] ?? -1;
    if (place < 0) return;
    const last = this.#candidates[--this.#count] ?? 0;
    this.#candidates[place] = last;
    this.#places[last] = place;
    this.#places[piece] = -1;
  }

  /** How many peers have a piece. */
  availability(piece: number): number {
    return (this.#availability[piece] ?? 0) + this.#seeds;
  }

  /** A peer has come, has one more piece, or is gone. */
  peerHas(pieces: Bitfield, change: 1 | -1): void {
    if (pieces.isFull) {
      this.#seeds += change;
      return;
    }
    for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.pieceSeen(piece, change);
  }

  /** A peer that was counted piece by piece has got its last one. */
  becameSeed(): void {
    for (let piece = 0; piece < this.#availability.length; piece++) this.pieceSeen(piece, -1);
    this.#seeds++;
  }

  pieceSeen(piece: number, change: 1 | -1): void {
    this.#availability[piece] = Math.max(0, (this.#availability[piece] ?? 0) + change);
  }

  /** The first candidate, in the order of the torrent from piece `origin` on and round, of the highest priority that `isUsable` lets through. */
  firstCandidate(isUsable: (piece: number) => boolean, origin = 0): number | undefined {
    if (this.#count === 0) return undefined;
    let best: number | undefined;
    for (let step = 0; step < this.#places.length; step++) {
      const piece = (origin + step) % this.#places.length;
      if (!this.isCandidate(piece) || (best !== undefined && this.priority(piece) <= this.priority(best))) continue;
      if (isUsable(piece)) best = piece;
    }
    return best;
  }

  /** The best candidate that `has` has and `isUsable` lets through. */
  pick(has: Bitfield, isUsable: (piece: number) => boolean): number | undefined {
    const compared = Math.min(this.#count, MOST_COMPARED);
    const start = compared === this.#count ? 0 : Math.floor(this.#random() * this.#count);
    let best: number | undefined;
    let ties = 1;
    for (let step = 0; step < this.#count; step++) {
      if (step >= compared && best !== undefined) break;
      const piece = this.#candidates[(start + step) % this.#count] ?? 0;
      if (!has.has(piece) || !isUsable(piece)) continue;
      const order = best === undefined ? -1 : this.#compare(piece, best);
      ties = order === 0 ? ties + 1 : 1;
      // Each of several equals is as likely as the others.
      if (order < 0 || (order === 0 && this.#random() * ties < 1)) best = piece;
    }
    return best;
  }

  /** Negative: `one` comes first. */
  #compare(one: number, other: number): number {
    const byPriority = this.priority(other) - this.priority(one);
    if (byPriority !== 0) return byPriority;
    if (this.isSequential) return one - other;
    return (this.#availability[one] ?? 0) - (this.#availability[other] ?? 0);
  }
}
