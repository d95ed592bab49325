import type { Clock } from '../contracts/clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import { decodePexMessage, encodePexMessage } from '../wire/pex-message.ts';
import { PEX_EXTENSION } from './extensions.ts';
import type { Peer } from './peer.ts';

/** BEP 11: a message a minute, of 50 peers each way. */
const PAUSE_MS = 60_000;
const MOST_NAMED = 50;
/** Messages of one peer that come sooner than this after one another are not looked at. */
const SHORTEST_PAUSE_MS = 30_000;

interface Told {
  /** Whom we named to it, by address. */
  readonly named: Map<string, PeerAddress>;
  sentAt: number;
  heardAt: number;
}

/** Tells peers of one another (BEP 11). Not for private torrents. */
export class PeerExchange {
  readonly #clock: Clock;
  readonly #peers: ReadonlySet<Peer>;
  readonly #onPeers: (addresses: readonly PeerAddress[]) => void;
  readonly #told = new WeakMap<Peer, Told>();

  constructor(clock: Clock, peers: ReadonlySet<Peer>, onPeers: (addresses: readonly PeerAddress[]) => void) {
    this.#clock = clock;
    this.#peers = peers;
    this.#onPeers = onPeers;
  }

  /** Takes a message of a peer. */
  take(peer: Peer, payload: Uint8Array): void {
    const now = this.#clock.now();
    const told = this.#of(peer);
    if (told.heardAt > 0 && now - told.heardAt < SHORTEST_PAUSE_MS) return;
    told.heardAt = now;
    const message = decodePexMessage(payload);
    if (message) this.#onPeers(message.added);
  }

  /** To be called about once in a second. */
  tick(): void {
    const now = this.#clock.now();
    const current = new Map<string, Peer>();
    for (const peer of this.#peers) if (peer.listensAt) current.set(keyOf(peer.listensAt), peer);
    for (const peer of this.#peers) {
      const told = this.#of(peer);
      if (now - told.sentAt < PAUSE_MS || !peer.extensions?.messages.get(PEX_EXTENSION)) continue;
      told.sentAt = now;
      this.#tell(peer, told, current);
    }
  }

  #tell(peer: Peer, { named }: Told, current: ReadonlyMap<string, Peer>): void {
    const added: Peer[] = [];
    for (const [key, other] of current) {
      if (added.length >= MOST_NAMED) break;
      if (other !== peer && !named.has(key)) added.push(other);
    }
    const dropped = [...named].filter(([key]) => !current.has(key)).slice(0, MOST_NAMED);
    if (added.length + dropped.length === 0) return;
    for (const [key] of dropped) named.delete(key);
    for (const { listensAt } of added) if (listensAt) named.set(keyOf(listensAt), listensAt);
    const message = { added: addressesOf(added), dropped: dropped.map(([, address]) => address) };
    peer.sendExtended(
      PEX_EXTENSION,
      encodePexMessage(message, (address) => current.get(keyOf(address))?.isSeed ?? false),
    );
  }

  #of(peer: Peer): Told {
    const known = this.#told.get(peer);
    if (known) return known;
    const told = { named: new Map<string, PeerAddress>(), sentAt: 0, heardAt: 0 };
    this.#told.set(peer, told);
    return told;
  }
}

function addressesOf(peers: readonly Peer[]): PeerAddress[] {
  return peers.flatMap(({ listensAt }) => (listensAt ? [listensAt] : []));
}

function keyOf({ host, port }: PeerAddress): string {
  return `${host}:${port}`;
}
