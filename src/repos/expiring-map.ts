import type { Clock } from '../contracts/clock.ts';

interface Held<T> {
  readonly value: T;
  readonly expiresAt: number;
}

/** A map whose entries end after a while and whose size is bounded: what was stored longest ago goes first. */
export class ExpiringMap<T> {
  readonly #held = new Map<string, Held<T>>();
  readonly #clock: Clock;
  readonly #capacity: number;

  constructor(options: { readonly clock: Clock; readonly capacity: number }) {
    this.#clock = options.clock;
    this.#capacity = options.capacity;
  }

  get(key: string): T | undefined {
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    if (held.expiresAt > this.#clock.now()) return held.value;
    this.#held.delete(key);
    return undefined;
  }

  /** `milliseconds`: how long it stays; Infinity for what never changes. */
  set(key: string, value: T, milliseconds: number): void {
    this.#held.delete(key);
    this.#held.set(key, { value, expiresAt: this.#clock.now() + milliseconds });
    if (this.#held.size <= this.#capacity) return;
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest);
      break;
    }
  }

  delete(key: string): void {
    this.#held.delete(key);
  }

  /** Walks through all keys. */
  deletePrefix(prefix: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(prefix)) this.#held.delete(key);
  }

  /** Entries held, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#held.size;
  }
}
