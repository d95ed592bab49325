/** Blobs that are in use right now: they are not evicted. Counted, since many may use one. */
export class Leases {
  readonly #counts = new Map<string, number>();

  has(sha256: string): boolean {
    return this.#counts.has(sha256);
  }

  /** Takes a lease; the result gives it back, and may be called more than once. */
  take(sha256: string): () => void {
    this.#counts.set(sha256, (this.#counts.get(sha256) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#counts.get(sha256) ?? 1) - 1;
      if (left === 0) this.#counts.delete(sha256);
      else this.#counts.set(sha256, left);
    };
  }
}
