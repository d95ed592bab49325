/**
 * Keeps a count of the disk and the moving of files apart: between the rename of a part and the row of its blob, the
 * file is counted as neither. Moves run beside one another; a count waits for them, and they for it.
 */
export class MoveGate {
  #moves = 0;
  #count: Promise<unknown> | undefined;
  #onIdle: (() => void) | undefined;

  async move<T>(operation: () => Promise<T>): Promise<T> {
    while (this.#count) await this.#count;
    this.#moves++;
    try {
      return await operation();
    } finally {
      if (--this.#moves === 0) this.#onIdle?.();
    }
  }

  /** One at a time. */
  async count<T>(operation: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#count = promise;
    try {
      if (this.#moves > 0) await new Promise<void>((idle) => (this.#onIdle = idle));
      this.#onIdle = undefined;
      return await operation();
    } finally {
      this.#count = undefined;
      resolve();
    }
  }
}
