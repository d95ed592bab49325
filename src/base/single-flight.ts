/**
 * Runs one operation per key at a time; callers that come while it runs share its result.
 * Nothing is remembered after it settles.
 */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  run(key: string, operation: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const promise = operation().finally(() => this.#running.delete(key));
    this.#running.set(key, promise);
    return promise;
  }
}
