import type { Clock } from '../contracts/clock.ts';

/** How long one count of connections is measured before the next decision. */
const MEASURE_MS = 1000;
/** Another connection must bring this much more to be kept: less is noise on a shared machine. */
const WORTHWHILE_GAIN = 1.1;
/** After a count that brought nothing, how long to stay before trying again. */
const HOLD_MS = 15_000;

/**
 * How many connections a transfer should use, found by measuring: it goes up while each step brings at least 10 % more
 * bytes per second, and goes one step back when it does not. A server that paces the sum gets few connections, one that paces each
 * connection gets many.
 */
export class ConnectionCount {
  readonly #clock: Clock;
  readonly #most: number;
  #count: number;
  #previousCount: number;
  #previousRate = 0;
  #bytes = 0;
  #since: number;
  #holdUntil = 0;

  constructor(options: { readonly clock: Clock; readonly start: number; readonly most: number }) {
    this.#clock = options.clock;
    this.#most = options.most;
    this.#count = Math.min(options.start, options.most);
    this.#previousCount = this.#count;
    this.#since = options.clock.now();
  }

  /** Connections to use now. */
  get current(): number {
    return this.#count;
  }

  /** Counts bytes that arrived, and decides anew once the measuring time is over. */
  arrived(bytes: number): void {
    this.#bytes += bytes;
    const now = this.#clock.now();
    const elapsed = now - this.#since;
    if (elapsed < MEASURE_MS) return;
    const rate = this.#bytes / elapsed;
    this.#bytes = 0;
    this.#since = now;
    this.#decide(rate, now);
  }

  #decide(rate: number, now: number): void {
    if (now < this.#holdUntil) return;
    if (this.#count > this.#previousCount && rate < this.#previousRate * WORTHWHILE_GAIN) {
      this.#count = this.#previousCount;
      this.#holdUntil = now + HOLD_MS;
      return;
    }
    this.#previousCount = this.#count;
    this.#previousRate = rate;
    this.#count = Math.min(this.#most, this.#count + Math.max(1, this.#count >> 1));
  }
}
