import { SwarmError } from '../errors.ts';

/** Lets a bounded number of look-ups for unknown repos run at once. */
export interface LookupGate {
  /**
   * Runs `operation` when it is its turn.
   *
   * @throws SwarmError RATE_LIMITED when too many wait already; `signal.reason`; whatever `operation` throws.
   */
  run<T>(operation: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * A queue in front of look-ups, so that a flood of random names neither takes every connection nor piles up without
 * bound.
 *
 * @param options.concurrent look-ups at once.
 * @param options.waiting look-ups that may queue behind them.
 */
export function createLookupGate(options: { readonly concurrent: number; readonly waiting: number }): LookupGate {
  const queue: (() => void)[] = [];
  let running = 0;

  const enter = async (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (running < options.concurrent) {
      running += 1;
      return;
    }
    if (queue.length >= options.waiting) {
      throw new SwarmError(
        'RATE_LIMITED',
        'Too many repos that are not known here are being looked up; try again soon.',
        {
          retryAfterSeconds: 1,
        },
      );
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        queue.splice(queue.indexOf(turn), 1);
        reject(signal?.reason);
      };
      const turn = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      queue.push(turn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };
  const leave = (): void => {
    // The place goes straight to the next one in line, so `running` stays.
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  };

  return {
    async run(operation, signal) {
      await enter(signal);
      try {
        return await operation();
      } finally {
        leave();
      }
    },
  };
}
