import type { Clock } from '../../src/contracts/clock.ts';

/** A clock in which only sleeping takes time, and sleeping takes none of ours. */
export function steppedClock(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
}
