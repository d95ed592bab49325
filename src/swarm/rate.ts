import type { Clock } from '../contracts/clock.ts';

/** How fast old bytes are forgotten. */
const MEMORY_MS = 4000;

/** Bytes per second, of the last few seconds. */
export class Rate {
  readonly #clock: Clock;
  readonly #since: number;
  #sum = 0;
  #at: number;
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
    this.#since = this.#at;
  }

  /** Bytes ever. */
  get total(): number {
    return this.#total;
  }

  add(bytes: number): void {
    this.#fade();
    this.#sum += bytes;
    this.#total += bytes;
  }

  get perSecond(): number {
    this.#fade();
    // In the beginning there are not as many seconds to look back on.
    const seen = this.#at - this.#since;
    const weight = MEMORY_MS * (1 - Math.exp(-Math.max(50, seen) / MEMORY_MS));
    return (this.#sum * 1000) / weight;
  }

  #fade(): void {
    const now = this.#clock.now();
    if (now <= this.#at) return;
    this.#sum *= Math.exp((this.#at - now) / MEMORY_MS);
    this.#at = now;
  }
}
