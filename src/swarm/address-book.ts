import type { Clock } from '../contracts/clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';

/** How an address came to be known. What the user named is never given up. */
export type AddressOrigin = 'user' | 'tracker' | 'dht' | 'lsd' | 'pex';

/** Addresses of one torrent that are kept; more are not taken in. */
const MOST_ADDRESSES = 2000;
/** Hosts that lied, for as long as the torrent runs. */
const MOST_BANNED = 10_000;
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** Failures in a row after which an address is forgotten. */
const MOST_FAILURES = 4;
/** The user's peers may just be starting. */
const FIRST_USER_PAUSE_MS = 500;
const LONGEST_USER_PAUSE_MS = 30_000;

/** An address, and how it went with it. */
export interface KnownAddress {
  readonly address: PeerAddress;
  readonly origin: AddressOrigin;
  /** The info-hash of the swarm that it was found in, 20 bytes; undefined: unknown. */
  readonly infoHash: Uint8Array | undefined;
  failures: number;
  /** Not to be tried before. */
  notBefore: number;
  isInUse: boolean;
  /** It had everything when it was last here. */
  isSeed: boolean;
}

/** The peers of one torrent that may be dialled: where they are, when to try again, and whom to leave alone. */
export class AddressBook {
  readonly #clock: Clock;
  readonly #known = new Map<string, KnownAddress>();
  readonly #banned = new Set<string>();
  /** Do we have everything? Then those who have, too, are left alone. */
  isSeeding = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many addresses could be dialled, now or later. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes addresses in; those that cannot be, are banned, or known are left out. Returns how many are new. */
  add(addresses: Iterable<PeerAddress>, origin: AddressOrigin, infoHash?: Uint8Array): number {
    let news = 0;
    for (const address of addresses) {
      const key = keyOf(address);
      const isUsable =
        address.port > 0 && address.port <= 65_535 && address.host !== '' && !this.isBanned(address.host);
      if (!isUsable || this.#known.has(key) || (this.#known.size >= MOST_ADDRESSES && !this.#forgetOne())) continue;
      this.#known.set(key, { address, origin, infoHash, failures: 0, notBefore: 0, isInUse: false, isSeed: false });
      news++;
    }
    return news;
  }

  /** The address to try next, which is in use from now on; undefined: none is due. */
  next(): KnownAddress | undefined {
    const now = this.#clock.now();
    let best: KnownAddress | undefined;
    for (const known of this.#known.values()) {
      const isUseless = this.isSeeding && known.isSeed;
      if (known.isInUse || isUseless || known.notBefore > now) continue;
      if (!best || rank(known) < rank(best)) best = known;
    }
    if (best) best.isInUse = true;
    return best;
  }

  /** A connection that was used ended, or came to nothing (`isFailure`). `isSeed`: it had everything. */
  release(known: KnownAddress, isFailure: boolean, isSeed = false): void {
    known.isInUse = false;
    known.isSeed = isSeed;
    known.failures = isFailure ? known.failures + 1 : 0;
    const isUser = known.origin === 'user';
    const [first, longest] = isUser ? [FIRST_USER_PAUSE_MS, LONGEST_USER_PAUSE_MS] : [FIRST_PAUSE_MS, LONGEST_PAUSE_MS];
    known.notBefore = this.#clock.now() + Math.min(longest, first * 2 ** Math.max(0, known.failures - 1));
    if (!isUser && known.failures >= MOST_FAILURES) this.#known.delete(keyOf(known.address));
  }

  /** The address is ourselves, or of no use. */
  forget({ address }: KnownAddress): void {
    this.#known.delete(keyOf(address));
  }

  /** Nobody from this host is spoken to any more. */
  ban(host: string): void {
    if (this.#banned.size < MOST_BANNED) this.#banned.add(host);
    for (const [key, { address }] of this.#known) if (address.host === host) this.#known.delete(key);
  }

  isBanned(host: string): boolean {
    return this.#banned.has(host);
  }

  /** Makes room: by one that failed, and is nobody's. Returns whether there was one. */
  #forgetOne(): boolean {
    for (const [key, { failures, isInUse, origin }] of this.#known) {
      if (failures === 0 || isInUse || origin === 'user') continue;
      return this.#known.delete(key);
    }
    return false;
  }
}

/** The less, the sooner: those of the user first, then those that failed the least. */
function rank({ origin, failures }: KnownAddress): number {
  return origin === 'user' ? -1 : failures;
}

function keyOf({ host, port }: PeerAddress): string {
  return `${host}:${port}`;
}
