import { KEY_WORDS, KeyIndex } from './key-index.ts';
import { enlarge32, Slots } from './slots.ts';

/** The kinds of peers of a swarm; each is a ring. */
export const RINGS = 4;
export const SEEDS = 0;
export const LEECHERS = 1;
/** The same of peers that are reached through their connections. */
export const CONNECTED = 2;

const FIRST_CAPACITY = 256;

/** The swarms: a row of numbers for each, 60 bytes, and 8 to 20 for finding it. */
export class SwarmTable {
  readonly #slots = new Slots();
  readonly #index = new KeyIndex();
  #capacity = FIRST_CAPACITY;
  /** Info-hashes. */
  keys: Uint32Array = new Uint32Array(FIRST_CAPACITY * KEY_WORDS);
  /** A row of each ring; 0: it is empty. */
  heads: Uint32Array = new Uint32Array(FIRST_CAPACITY * RINGS);
  /** Peers of each ring. */
  counts: Uint32Array = new Uint32Array(FIRST_CAPACITY * RINGS);
  /** Of the leechers, those that want no more. */
  partialSeeds: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  completed: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #extras = new Uint32Array(FIRST_CAPACITY);

  get count(): number {
    return this.#slots.used;
  }

  /** 0: it is not known. */
  find(key: Uint32Array): number {
    return this.#index.find(this.keys, this.#extras, key, 0);
  }

  add(key: Uint32Array): number {
    // Rows that are free are linked through this array.
    const swarm = this.#slots.take(this.partialSeeds);
    if (swarm >= this.#capacity) this.#grow();
    this.keys.set(key, swarm * KEY_WORDS);
    this.heads.fill(0, swarm * RINGS, (swarm + 1) * RINGS);
    this.counts.fill(0, swarm * RINGS, (swarm + 1) * RINGS);
    this.partialSeeds[swarm] = 0;
    this.completed[swarm] = 0;
    this.#index.add(this.keys, this.#extras, swarm);
    return swarm;
  }

  /** Nobody is in it any more. */
  remove(swarm: number): void {
    this.#index.delete(this.keys, this.#extras, swarm);
    this.#slots.give(swarm, this.partialSeeds);
  }

  peersOf(swarm: number): number {
    let count = 0;
    for (let ring = 0; ring < RINGS; ring++) count += this.counts[swarm * RINGS + ring] as number;
    return count;
  }

  /** Rows that may be in use: `peersOf` is 0 for those that are not. */
  get end(): number {
    return this.#slots.end;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.keys = enlarge32(this.keys, this.#capacity * KEY_WORDS);
    this.heads = enlarge32(this.heads, this.#capacity * RINGS);
    this.counts = enlarge32(this.counts, this.#capacity * RINGS);
    this.partialSeeds = enlarge32(this.partialSeeds, this.#capacity);
    this.completed = enlarge32(this.completed, this.#capacity);
    this.#extras = enlarge32(this.#extras, this.#capacity);
  }
}
