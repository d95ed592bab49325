import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../contracts/clock.ts';

/** BEP 15: a client may use an id for a minute, and a tracker should take it for two. */
const STEP_MS = 60_000;

/**
 * Connection ids of the UDP tracker: a keyed hash of the address and the minute. Whoever shows one has received it at his address; until then nothing is
 * remembered of him.
 */
export class ConnectionIds {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For this address and port, now. */
  create(address: string, port: number): bigint {
    return this.#hash(address, port, this.#step());
  }

  /** Was it created for this address within the last two minutes? */
  isGood(id: bigint, address: string, port: number): boolean {
    const step = this.#step();
    return id === this.#hash(address, port, step) || id === this.#hash(address, port, step - 1);
  }

  #step(): number {
    return Math.floor(this.#clock.now() / STEP_MS);
  }

  #hash(address: string, port: number, step: number): bigint {
    return createHmac('sha256', this.#key).update(`${address} ${port} ${step}`).digest().readBigUInt64BE();
  }
}
