import type { Clock } from '../contracts/clock.ts';
import type { Rings } from './rings.ts';

/** How exactly rows expire. */
const STEP_MS = 5000;

/** Rows by the time at which they expire: a ring of them for each five seconds. Touching a row costs the same however many there are. */
export class TimeWheel {
  readonly #clock: Clock;
  readonly #rings: Rings;
  /** The ring of each step, by its number modulo their count. */
  readonly #heads: Uint32Array;
  /** Steps from touch to expiry. */
  readonly #steps: number;
  #now: number;

  constructor(options: { readonly clock: Clock; readonly ttlMs: number; readonly rings: Rings }) {
    this.#clock = options.clock;
    this.#rings = options.rings;
    this.#steps = Math.max(1, Math.ceil(options.ttlMs / STEP_MS));
    // One more than can be in use, and the one that is being emptied.
    this.#heads = new Uint32Array(this.#steps + 2);
    this.#now = this.#stepOf(options.clock.now());
  }

  /** Where a row that is touched now goes: to be kept with it. */
  add(row: number): number {
    const place = (this.#now + this.#steps + 1) % this.#heads.length;
    this.#heads[place] = this.#rings.add(this.#heads[place] as number, row);
    return place;
  }

  /** The row was touched again: returns its new place. */
  touch(row: number, place: number): number {
    if (place === (this.#now + this.#steps + 1) % this.#heads.length) return place;
    this.remove(row, place);
    return this.add(row);
  }

  remove(row: number, place: number): void {
    this.#heads[place] = this.#rings.remove(this.#heads[place] as number, row);
  }

  /** Goes on to the present; `drop` must remove each row that it is given. */
  advance(drop: (row: number) => void): void {
    const target = this.#stepOf(this.#clock.now());
    for (let round = 0; this.#now < target && round <= this.#heads.length; round++) {
      this.#now++;
      const place = this.#now % this.#heads.length;
      for (let row = this.#heads[place] as number; row !== 0; row = this.#heads[place] as number) drop(row);
    }
    this.#now = Math.max(this.#now, target);
  }

  #stepOf(milliseconds: number): number {
    return Math.floor(milliseconds / STEP_MS);
  }
}
