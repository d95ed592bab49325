import type { Clock } from '../contracts/clock.ts';
import { halfSipHash } from './half-sip-hash.ts';

/** BEP 15: a client may use an id for a minute, and a tracker should take it for two. */
const STEP_MS = 60_000;

/**
 * Connection ids of the UDP tracker: a keyed hash of address and port. Whoever shows one has received it at his address; until then nothing is remembered of
 * him. Each minute has a key of its own, so that there is no time to find it.
 */
export class ConnectionIds {
  readonly #clock: Clock;
  #key = newKey();
  #lastKey = newKey();
  #step: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#step = stepOf(clock);
  }

  /** For this address and port, in compact form, now. */
  create(address: Uint8Array): readonly [number, number] {
    this.#turn();
    return halfSipHash(this.#key, address, address.length);
  }

  /** Was it created for this address within the last two minutes? */
  isGood(high: number, low: number, address: Uint8Array): boolean {
    this.#turn();
    return isHash(this.#key, high, low, address) || isHash(this.#lastKey, high, low, address);
  }

  #turn(): void {
    const step = stepOf(this.#clock);
    if (step === this.#step) return;
    this.#lastKey = step === this.#step + 1 ? this.#key : newKey();
    this.#key = newKey();
    this.#step = step;
  }
}

function isHash(key: Uint32Array, high: number, low: number, address: Uint8Array): boolean {
  const [one, other] = halfSipHash(key, address, address.length);
  return one === high && other === low;
}

function stepOf(clock: Clock): number {
  return Math.floor(clock.now() / STEP_MS);
}

function newKey(): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(2));
}
