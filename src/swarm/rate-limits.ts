import { TokenBucket } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';

/** A quarter of a second ahead: short enough to be a rate, long enough that one block does not make a gap. */
const BURST_SECONDS = 0.25;

/** Holds whatever goes through it to a rate. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #parent: RateLimit | undefined;
  #bucket: TokenBucket | undefined;

  /** `bytesPerSecond` undefined: no limit of its own. What goes through it counts for `parent` too. */
  constructor(clock: Clock, bytesPerSecond?: number, parent?: RateLimit) {
    this.#clock = clock;
    this.#parent = parent;
    this.set(bytesPerSecond);
  }

  /** Changes the rate; undefined: no limit. */
  set(bytesPerSecond: number | undefined): void {
    this.#bucket =
      bytesPerSecond === undefined
        ? undefined
        : new TokenBucket({ perSecond: bytesPerSecond, burst: bytesPerSecond * BURST_SECONDS, clock: this.#clock });
  }

  /** Takes bytes, and returns for how many milliseconds nothing more should be taken. */
  take(bytes: number): number {
    return Math.max(this.#bucket?.take(bytes) ?? 0, this.#parent?.take(bytes) ?? 0);
  }

  /** Takes bytes, and waits until they are earned. Rejects with `signal.reason`. */
  async wait(bytes: number, signal: AbortSignal): Promise<void> {
    const pause = this.take(bytes);
    if (pause > 0) await this.#clock.sleep(pause, signal);
  }
}

/** Of a torrent, or of all together. */
export interface Limits {
  readonly down: RateLimit;
  readonly up: RateLimit;
}
