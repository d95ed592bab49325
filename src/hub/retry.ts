import type { Clock } from '../contracts/clock.ts';
import { isSwarmError, type SwarmError } from '../errors.ts';

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** No new try starts later than this after the first one. */
  readonly totalMs: number;
}

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait. */
  readonly onRetry: (error: SwarmError, waitMs: number) => void;
}

/** The wait before the second try is drawn from [0, BASE_MS), and the range doubles with each one. */
const BASE_MS = 250;
const CAP_MS = 4000;
/** A longer "come back in ..." is handed to the caller, who can pass it on. */
const LONGEST_ASKED_WAIT_MS = 2000;

function isTemporary(error: unknown): error is SwarmError {
  return (
    isSwarmError(error, 'UPSTREAM_UNAVAILABLE') ||
    isSwarmError(error, 'UPSTREAM_TIMEOUT') ||
    isSwarmError(error, 'RATE_LIMITED')
  );
}

/**
 * Repeats an operation that changes nothing (GET, HEAD) while it fails for a reason that may pass, with full jitter:
 * many clients that failed together do not come back together.
 *
 * @throws what the last try threw; `signal.reason`.
 */
export async function withRetries<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, clock, random, signal } = options;
  const startedAt = clock.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (signal?.aborted || attempt >= policy.attempts || !isTemporary(error)) throw error;
      const asked = (error.retryAfterSeconds ?? 0) * 1000;
      const wait = asked + random() * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
      if (asked > LONGEST_ASKED_WAIT_MS || clock.now() - startedAt + wait > policy.totalMs) throw error;
      options.onRetry(error, wait);
      await clock.sleep(wait, signal);
    }
  }
}
