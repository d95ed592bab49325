import type { Clock } from '../contracts/clock.ts';

/**
 * A rate with a burst. `take` never refuses: it says how long the taker has to wait for what it took, so that waiting
 * takers are served in the order in which they came.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #level: number;
  #filledAt: number;

  /** `perSecond` and `burst` in whatever is counted: bytes, requests. */
  constructor(options: { readonly perSecond: number; readonly burst: number; readonly clock: Clock }) {
    this.#clock = options.clock;
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#level = options.burst;
    this.#filledAt = options.clock.now();
  }

  /** Takes `amount` and returns the milliseconds until it has been earned; 0 when it is there already. */
  take(amount: number): number {
    this.#fill();
    this.#level -= amount;
    return this.#level >= 0 ? 0 : (-this.#level * 1000) / this.#perSecond;
  }

  /** Takes `amount` only when it is there. Returns the milliseconds until it would be, 0 when it was taken. */
  tryTake(amount: number): number {
    this.#fill();
    if (this.#level < amount) return ((amount - this.#level) * 1000) / this.#perSecond;
    this.#level -= amount;
    return 0;
  }

  /** Returns what was taken and then not used. */
  giveBack(amount: number): void {
    this.#level = Math.min(this.#burst, this.#level + amount);
  }

  #fill(): void {
    const now = this.#clock.now();
    const earned = ((now - this.#filledAt) * this.#perSecond) / 1000;
    this.#level = Math.min(this.#burst, this.#level + Math.max(0, earned));
    this.#filledAt = now;
  }
}

/** One bucket per client, for at most `maxClients` clients: the one that was quiet longest is forgotten first. */
export class ClientBuckets {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #create: () => TokenBucket;
  readonly #maxClients: number;

  constructor(options: {
    readonly perSecond: number;
    readonly burst: number;
    readonly clock: Clock;
    readonly maxClients?: number;
  }) {
    this.#create = () => new TokenBucket(options);
    this.#maxClients = options.maxClients ?? 10_000;
  }

  /** The bucket of one client (an address or a network). */
  of(client: string): TokenBucket {
    const bucket = this.#buckets.get(client) ?? this.#create();
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > this.#maxClients) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}
