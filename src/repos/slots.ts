import { SwarmError } from '../errors.ts';

/** Lets a bounded number of operations run at once, and a bounded number wait for their turn. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;
  #free: number;

  constructor(options: { readonly running: number; readonly waiting: number }) {
    this.#free = options.running;
    this.#maxWaiting = options.waiting;
  }

  /** Throws RATE_LIMITED when too many wait already. */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else if (this.#waiting.length < this.#maxWaiting) await new Promise<void>((turn) => this.#waiting.push(turn));
    else {
      throw new SwarmError(
        'RATE_LIMITED',
        'Too many requests for repos that this server does not know yet. Try again shortly.',
        {
          retryAfterSeconds: 2,
        },
      );
    }
    try {
      return await operation();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
