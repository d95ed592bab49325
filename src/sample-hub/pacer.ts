import type { Clock } from '../contracts/clock.ts';

// Timers fire late by a millisecond or more. A debt of up to 50 ms may be caught up, so that the mean pace is right.
const CATCH_UP_MS = 50;

/** Spreads bytes over time. One pacer per body, or one shared by many. */
export class Pacer {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When the next byte is due. */
  #due = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** A slice that takes about 10 ms, at least 1 byte and at most 256 KiB. */
  get slice(): number {
    return Math.max(1, Math.min(256 * 1024, Math.floor(this.#bytesPerMs * 10)));
  }

  /** Resolves when `bytes` more may be sent. Rejects with `signal.reason`. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const start = Math.max(this.#due, now - CATCH_UP_MS);
    this.#due = start + bytes / this.#bytesPerMs;
    const wait = start - now;
    if (wait >= 1) await this.#clock.sleep(wait, signal);
  }
}
