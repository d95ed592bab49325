/**
 * How many upstream connections all transfers of the process may have open together. Who finds none free is called,
 * in order, when one is given back.
 */
export class ConnectionBudget {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#free = most;
  }

  /** Takes a connection. When none is free: false, and `wake` is called once when one may be. */
  tryTake(wake: () => void): boolean {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    this.#waiting.add(wake);
    return false;
  }

  /** Gives a connection back. Who was called and does not want it any more leaves it to the next in line. */
  release(): void {
    this.#free++;
    for (const next of this.#waiting) {
      if (this.#free === 0) return;
      this.#waiting.delete(next);
      next();
    }
  }

  /** Takes back the wish of somebody who no longer wants one. */
  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }
}
