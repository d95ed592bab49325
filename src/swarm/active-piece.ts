import { BLOCK_BYTES } from '../wire/messages.ts';
import type { PieceMap } from './piece-map.ts';

/** Nobody was asked for it. */
const FREE = 0;
/** Somebody was. */
const ASKED = 1;
/** Its bytes are coming from one sender. */
const COMING = 2;
/** All its bytes are here. */
const HERE = 3;

/** A piece on its way in: its bytes, who sent which block, and what is missing. `S` is whoever sends: a peer, a web seed. */
export class ActivePiece<S extends object> {
  readonly piece: number;
  readonly buffer: Uint8Array;
  readonly blockCount: number;
  /** Who takes its free blocks one after the other; others help when there is nothing else to do. */
  owner: S | undefined;
  /** Nobody but the owner may be asked: its last try failed, and this time it shall be clear who sends what. */
  isExclusive = false;
  readonly #states: Uint8Array;
  /** How many senders were asked for each block. */
  readonly #asked: Uint8Array;
  readonly #senders: (S | undefined)[];
  #free: number;
  #missing: number;
  /** No block before it is free. */
  #cursor = 0;

  constructor(piece: number, buffer: Uint8Array, map: PieceMap) {
    this.piece = piece;
    this.buffer = buffer;
    this.blockCount = map.blockCount(piece);
    this.#states = new Uint8Array(this.blockCount);
    this.#asked = new Uint8Array(this.blockCount);
    this.#senders = new Array<S | undefined>(this.blockCount);
    this.#free = this.blockCount;
    this.#missing = this.blockCount;
    this.#fillPads(map);
  }

  get freeBlocks(): number {
    return this.#free;
  }

  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Is nobody bringing any of it? */
  get isIdle(): boolean {
    return this.owner === undefined && this.#states.every((state) => state === FREE || state === HERE);
  }

  blockLength(block: number): number {
    return Math.min(BLOCK_BYTES, this.buffer.length - block * BLOCK_BYTES);
  }

  /** The first block that nobody was asked for; undefined when there is none. */
  nextFree(): number | undefined {
    if (this.#free === 0) return undefined;
    while (this.#states[this.#cursor] !== FREE) this.#cursor++;
    return this.#cursor;
  }

  /** A block that is not here, and that the fewest were asked for; undefined when all were by `most` already. */
  leastAsked(most: number, isAsked: (block: number) => boolean): number | undefined {
    let best: number | undefined;
    for (let block = 0; block < this.blockCount; block++) {
      const asked = this.#asked[block] ?? 0;
      if (this.#states[block] === HERE || asked >= most || isAsked(block)) continue;
      if (best === undefined || asked < (this.#asked[best] ?? 0)) best = block;
    }
    return best;
  }

  /** How many were asked for a block and have not sent it. */
  askedFor(block: number): number {
    return this.#asked[block] ?? 0;
  }

  /** Notes that somebody was asked for a block. */
  ask(block: number): void {
    this.#asked[block] = (this.#asked[block] ?? 0) + 1;
    if (this.#states[block] !== FREE) return;
    this.#states[block] = ASKED;
    this.#free--;
  }

  /** Notes that somebody who was asked will not send it. */
  release(block: number): void {
    this.#asked[block] = Math.max(0, (this.#asked[block] ?? 0) - 1);
    if (this.#states[block] === ASKED && this.#asked[block] === 0) this.#setFree(block);
  }

  /** Where the bytes of a block go; undefined when they are here, or are coming from somebody else. */
  begin(block: number, sender: S): Uint8Array | undefined {
    const state = this.#states[block];
    if (state === undefined || state === HERE || state === COMING) return undefined;
    if (state === FREE) this.#free--;
    this.#states[block] = COMING;
    this.#senders[block] = sender;
    const start = block * BLOCK_BYTES;
    return this.buffer.subarray(start, start + this.blockLength(block));
  }

  /** All bytes of a block have come. */
  end(block: number): void {
    this.#states[block] = HERE;
    this.#missing--;
  }

  /** The sender stopped in the middle of a block. */
  abandon(block: number): void {
    if (this.#states[block] !== COMING) return;
    this.#senders[block] = undefined;
    if (this.#asked[block] === 0) this.#setFree(block);
    else this.#states[block] = ASKED;
  }

  /** Who sent the block; undefined for a pad. */
  senderOf(block: number): S | undefined {
    return this.#senders[block];
  }

  /** Everybody who sent some of it. */
  senders(): Set<S> {
    return new Set(this.#senders.filter((sender) => sender !== undefined));
  }

  #setFree(block: number): void {
    this.#states[block] = FREE;
    this.#free++;
    this.#cursor = Math.min(this.#cursor, block);
  }

  /** Blocks of nothing but pad are zeros, and here already. */
  #fillPads(map: PieceMap): void {
    const slices = map.slices(this.piece);
    const data = slices.reduce((sum, { length }) => sum + length, 0);
    if (data === this.buffer.length) return;
    for (let block = 0; block < this.blockCount; block++) {
      const start = block * BLOCK_BYTES;
      const end = start + this.blockLength(block);
      if (slices.some(({ begin, length }) => begin < end && begin + length > start)) continue;
      this.buffer.fill(0, start, end);
      this.#states[block] = HERE;
      this.#free--;
      this.#missing--;
    }
  }
}
