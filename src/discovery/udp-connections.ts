import { SingleFlight } from '../base/single-flight.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Endpoint } from './udp-socket.ts';

/** BEP 15: for so long may a connection id be used. */
const VALID_MS = 60_000;
const MOST = 1000;

/** The connection ids that trackers gave us. Whoever needs one while it is being asked for waits for the same answer. */
export class UdpConnections {
  readonly #clock: Clock;
  readonly #connect: (endpoint: Endpoint) => Promise<Uint8Array>;
  readonly #running = new SingleFlight<Uint8Array>();
  readonly #ids = new Map<string, { readonly id: Uint8Array; readonly until: number }>();

  constructor(clock: Clock, connect: (endpoint: Endpoint) => Promise<Uint8Array>) {
    this.#clock = clock;
    this.#connect = connect;
  }

  /** The connection id of a tracker: one that is valid, or a new one. */
  async idOf(endpoint: Endpoint): Promise<Uint8Array> {
    const key = keyOf(endpoint);
    const known = this.#ids.get(key);
    if (known && this.#clock.now() < known.until) return known.id;
    return this.#running.run(key, async () => {
      const id = await this.#connect(endpoint);
      if (this.#ids.size >= MOST) this.#dropExpired();
      this.#ids.set(key, { id, until: this.#clock.now() + VALID_MS });
      return id;
    });
  }

  /** The tracker does not like it any more: the next one who asks gets a new one. */
  forget(endpoint: Endpoint): void {
    this.#ids.delete(keyOf(endpoint));
  }

  #dropExpired(): void {
    for (const [key, { until }] of this.#ids) if (until <= this.#clock.now()) this.#ids.delete(key);
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
