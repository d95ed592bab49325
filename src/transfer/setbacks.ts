import type { Clock } from '../contracts/clock.ts';
import type { SwarmError } from '../errors.ts';

/** This many setbacks in a row that bring next to nothing end a transfer: about 15 s with the pauses below. */
const MOST_FAILURES = 7;
/** So do two or more of them that take longer than this together: a server that accepts and says nothing is as bad as none. */
const LONGEST_STRETCH_MS = 15_000;
/** An answer that cannot be right rarely gets better. */
const MOST_INVALID = 3;
const PROGRESS_BYTES = 64 * 1024;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** A quota that ends later than this is told to the readers instead of being waited for. */
const LONGEST_QUOTA_WAIT_SECONDS = 10;

/**
 * Counts the setbacks of a transfer, and says how long to pause and when to give up. Lanes that break together are one:
 * an outage is waited for as long with eight connections as with one.
 */
export class Setbacks {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #failingSince = 0;
  #pausedUntil = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Milliseconds until the next try may start; 0 or less: now. */
  get remainingPause(): number {
    return this.#pausedUntil - this.#clock.now();
  }

  /** A lane brought all it was asked for. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** A lane failed after it had brought `bytes`. Returns whether to try again after `remainingPause`. */
  failed(error: SwarmError, bytes: number): boolean {
    const quotaWait = error.retryAfterSeconds ?? 0;
    // No lane starts in a pause: what fails in one broke down together with the lane that brought it about.
    const isKnown = this.#failures > 0 && this.remainingPause > 0;
    if (bytes >= PROGRESS_BYTES) this.#failures = 1;
    else if (!isKnown) this.#failures++;
    if (this.#failures === 1) this.#failingSince = this.#clock.now();
    const most = error.code === 'UPSTREAM_INVALID' ? MOST_INVALID : MOST_FAILURES;
    if (this.#clock.now() - this.#failingSince >= LONGEST_STRETCH_MS) return false;
    if (this.#failures >= most || quotaWait > LONGEST_QUOTA_WAIT_SECONDS) return false;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    const pause = Math.max(longest * (0.5 + this.#random() / 2), quotaWait * 1000);
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pause);
    return true;
  }
}
