import { ClientBuckets } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';

/** How much one address may do. Its clients may be a thousand behind one NAT: of these nobody notices the defaults. */
export interface AddressLimits {
  /** Announces and scrapes per second, and how many at once. */
  readonly announces: number;
  readonly announceBurst: number;
  /** Peers per second, and at once, that were not in their swarm before. */
  readonly newcomers: number;
  readonly newcomerBurst: number;
}

/** 20,000 at once is a thousand clients that start with 20 torrents each. */
export const USUAL_LIMITS: AddressLimits = {
  announces: 500,
  announceBurst: 20_000,
  newcomers: 50,
  newcomerBurst: 20_000,
};

export interface TrackerPolicyOptions {
  /** Which torrents may use the tracker. Default: all. */
  readonly isAllowed?: (infoHash: Uint8Array) => boolean;
  /** Of torrents that need one: is this ticket good? */
  readonly tickets?: { wants(infoHash: Uint8Array): boolean; isGood(infoHash: Uint8Array, ticket: string): boolean };
  /** Undefined: there are none. */
  readonly limits: AddressLimits | undefined;
  readonly clock: Clock;
}

/** Who may do what at a tracker. Refusals are texts that a client shows its user. */
export class TrackerPolicy {
  readonly #options: TrackerPolicyOptions;
  readonly #announces: ClientBuckets | undefined;
  readonly #newcomers: ClientBuckets | undefined;

  constructor(options: TrackerPolicyOptions) {
    const { limits, clock } = options;
    this.#options = options;
    if (!limits) return;
    this.#announces = new ClientBuckets({ perSecond: limits.announces, burst: limits.announceBurst, clock });
    this.#newcomers = new ClientBuckets({ perSecond: limits.newcomers, burst: limits.newcomerBurst, clock });
  }

  /** May this address announce or scrape now? Counts it. */
  admits(client: string): boolean {
    return this.#announces === undefined || this.#announces.of(client).tryTake(1) === 0;
  }

  /** May this address bring another peer? Counts it. */
  admitsNewcomer(client: string): boolean {
    return this.#newcomers === undefined || this.#newcomers.of(client).tryTake(1) === 0;
  }

  /** Why this torrent cannot be used here; undefined: it can. */
  refusal(infoHash: Uint8Array, ticket: string | undefined): string | undefined {
    const { isAllowed, tickets } = this.#options;
    if (tickets?.wants(infoHash))
      return ticket !== undefined && tickets.isGood(infoHash, ticket) ? undefined : 'this torrent needs a valid ticket';
    return isAllowed && !isAllowed(infoHash) ? 'this tracker does not know this torrent' : undefined;
  }
}
