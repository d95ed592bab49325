import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SingleFlight } from '../base/single-flight.ts';
import type { Clock } from '../contracts/clock.ts';
import { trackerFailed } from './tracker-error.ts';
import type { Endpoint } from './udp-socket.ts';

const REMEMBERED_MS = 5 * 60_000;
const MOST_HOSTS = 1000;

/** Finds all addresses of a host. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Asks the system's resolver. */
export const systemLookup: Lookup = async (host) => {
  const found = await dnsLookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** Where UDP trackers are. Answers are kept for five minutes: thousands of torrents have the same few trackers. */
export class TrackerAddresses {
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  readonly #allow: (address: string) => boolean;
  readonly #running = new SingleFlight<readonly string[]>();
  readonly #known = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>();

  constructor(options: {
    readonly clock: Clock;
    readonly lookup: Lookup;
    readonly allow: (address: string) => boolean;
  }) {
    this.#clock = options.clock;
    this.#lookup = options.lookup;
    this.#allow = options.allow;
  }

  /** One endpoint for each family that the tracker has. Rejects with TRACKER_FAILED when there is none. */
  async endpoints(tracker: string): Promise<readonly Endpoint[]> {
    const { hostname, port } = udpUrl(tracker);
    const addresses = await this.#addresses(tracker, hostname.replace(/^\[(.*)\]$/, '$1'));
    const allowed = addresses.filter(this.#allow);
    if (allowed.length === 0) throw trackerFailed(tracker, 'it has no address that may be asked');
    return ([4, 6] as const).flatMap((family) => {
      const address = allowed.find((candidate) => isIP(candidate) === family);
      return address === undefined ? [] : [{ family, address, port: Number(port) }];
    });
  }

  async #addresses(tracker: string, host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const known = this.#known.get(host);
    if (known && this.#clock.now() < known.until) return known.addresses;
    const lookUp = async (): Promise<readonly string[]> => {
      const addresses = await this.#lookup(host);
      this.#remember(host, addresses);
      return addresses;
    };
    try {
      return await this.#running.run(host, lookUp);
    } catch (cause) {
      throw trackerFailed(tracker, 'its name cannot be resolved', { cause });
    }
  }

  #remember(host: string, addresses: readonly string[]): void {
    this.#known.delete(host);
    this.#known.set(host, { addresses, until: this.#clock.now() + REMEMBERED_MS });
    if (this.#known.size <= MOST_HOSTS) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

function udpUrl(tracker: string): URL {
  const url = URL.canParse(tracker) ? new URL(tracker) : undefined;
  if (url?.protocol !== 'udp:' || url.hostname === '') throw trackerFailed(tracker, 'it has no UDP URL');
  if (url.port === '' || url.port === '0') throw trackerFailed(tracker, 'its URL has no port');
  return url;
}
