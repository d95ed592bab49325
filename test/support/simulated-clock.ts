import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/contracts/clock.ts';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Time that jumps from one event to the next, in whole milliseconds: a minute of a swarm takes as long as what happens in it. */
export class SimulatedClock implements Clock {
  #now = 1_750_000_000_000;
  readonly #sleepers = new Map<number, Set<Sleeper>>();
  readonly #started = this.#now;

  now(): number {
    return this.#now;
  }

  /** Milliseconds since it was made. */
  get elapsed(): number {
    return this.#now - this.#started;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const due = this.#now + Math.max(0, Math.ceil(milliseconds));
      const onAbort = (): void => {
        this.#sleepers.get(due)?.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        due,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const others = this.#sleepers.get(due) ?? new Set();
      this.#sleepers.set(due, others.add(sleeper));
    });
  }

  /** Lets everything happen that is due, until `isOver`, or for so many milliseconds of its time. Returns whether it is over. */
  async run(isOver: () => boolean, limit: number): Promise<boolean> {
    const end = this.#now + limit;
    for (;;) {
      // What was woken has its turn before time goes on.
      await setImmediate();
      if (isOver()) return true;
      let next = Number.POSITIVE_INFINITY;
      for (const due of this.#sleepers.keys()) next = Math.min(next, due);
      if (next > end) return false;
      this.#now = next;
      const awake = this.#sleepers.get(next) ?? new Set();
      this.#sleepers.delete(next);
      for (const { wake } of awake) wake();
    }
  }
}
