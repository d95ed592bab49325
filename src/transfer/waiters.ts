interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Readers that wait for the byte at their position. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Waits until `wake` finds the byte at `position` there. Rejects with `signal.reason`, or with what `fail` is given. */
  wait(position: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        position,
        resolve: () => {
          leave();
          resolve();
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Wakes everybody whose byte is there now. */
  wake(isThere: (position: number) => boolean): void {
    for (const waiter of this.#waiting) if (isThere(waiter.position)) waiter.resolve();
  }

  /** The first position in `[start, end)` that somebody waits for. */
  firstWithin(start: number, end: number): number | undefined {
    let first: number | undefined;
    for (const { position } of this.#waiting) {
      if (position >= start && position < end && (first === undefined || position < first)) first = position;
    }
    return first;
  }

  /** Tells everybody that the bytes will not come. */
  fail(reason: unknown): void {
    for (const waiter of this.#waiting) waiter.reject(reason);
  }
}
