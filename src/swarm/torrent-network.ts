import { sameBytes } from '../base/same-bytes.ts';
import type { Connection, PeerAddress } from '../contracts/connection.ts';
import type { AnnounceStats, DiscoverySession, DiscoveryStatus } from '../contracts/discovery.ts';
import type { Handshake } from '../wire/handshake.ts';
import { AddressBook } from './address-book.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { Dialer, type OnGone } from './dialer.ts';
import type { SwarmEnvironment } from './environment.ts';
import type { Peer } from './peer.ts';
import { answerPeer, greetPeer, type PeerArrival } from './peer-intake.ts';
import { PeerExchange } from './pex.ts';
import { Traffic } from './traffic.ts';

const TICK_MS = 500;

export interface TorrentNetworkOptions {
  readonly environment: SwarmEnvironment;
  readonly trackers: readonly (readonly string[])[];
  readonly isPrivate: boolean;
  /** The 20-byte hashes of its swarms. */
  readonly swarms: readonly Uint8Array[];
  /** What we say to those that are found in a swarm. */
  readonly greeting: (infoHash: Uint8Array | undefined) => Handshake;
  readonly stats: () => AnnounceStats;
  /** Somebody has shaken hands: whoever deals with peers at the moment makes a peer of it. */
  readonly onArrival: (arrival: PeerArrival) => Peer;
}

/** The peers of one torrent: how they are found, dialled, let in, counted, told of one another and kept out. */
export class TorrentNetwork {
  readonly peers: Set<Peer> = new Set<Peer>();
  readonly traffic: Traffic = new Traffic(this.peers);
  readonly #options: TorrentNetworkOptions;
  readonly #book: AddressBook;
  readonly #slots: ConnectionSlots;
  readonly #dialer: Dialer | undefined;
  readonly #exchange: PeerExchange | undefined;
  readonly #discovery: readonly DiscoverySession[];
  readonly #onGone = new Map<Peer, OnGone>();
  readonly #stop = new AbortController();

  constructor(options: TorrentNetworkOptions) {
    const { environment, trackers, isPrivate, swarms, greeting, stats } = options;
    const { clock, slots, connectionsPerTorrent, transport, encryption, randomBytes, peerId, port } = environment;
    const { signal } = this.#stop;
    this.#options = options;
    this.#book = new AddressBook(clock);
    this.#slots = new ConnectionSlots(connectionsPerTorrent, slots);
    this.#exchange = isPrivate
      ? undefined
      : new PeerExchange(clock, this.peers, (addresses) => void this.#book.add(addresses, 'pex'));
    this.#dialer =
      transport &&
      new Dialer({
        book: this.#book,
        transport,
        clock,
        slots: this.#slots,
        encryption,
        random: randomBytes,
        greeting,
        onPeer: (arrival, onGone) => this.#take(arrival, onGone),
        signal,
      });
    const discovery = environment.discoveryFor(trackers);
    this.#discovery = swarms.map((infoHash, index) =>
      discovery.join({
        infoHash,
        peerId,
        port: port(),
        isPrivate,
        isAlias: index > 0,
        stats,
        found: (peers) => this.#found(peers, infoHash),
        room: () => this.#slots.free,
        introduced: (connection) => this.#introduced(connection, infoHash),
      }),
    );
    void this.#tickForever();
  }

  get discovery(): readonly DiscoveryStatus[] {
    return this.#discovery.flatMap((session) => session.status());
  }

  /** May somebody be found soon? */
  get isHopeful(): boolean {
    return this.#discovery.some((session) => session.isHopeful?.() ?? false);
  }

  /** The user knows of peers. */
  add(addresses: Iterable<PeerAddress>): void {
    this.#book.add(addresses, 'user');
    this.#dialer?.dial();
  }

  /** Somebody has shaken hands on a connection that was opened to us. */
  arrived(arrival: PeerArrival): void {
    const isBanned = this.#book.isBanned(arrival.stream.connection.remote.host);
    const give = isBanned ? undefined : this.#slots.take();
    if (give) this.#take(arrival, give);
    else arrival.stream.close(isBanned ? 'it lied before' : 'there are as many peers as there may be');
  }

  /** The peer is gone. */
  left(peer: Peer): void {
    this.peers.delete(peer);
    this.traffic.left(peer);
    this.#onGone.get(peer)?.(peer.isSeed || peer.isUploadOnly);
    this.#onGone.delete(peer);
  }

  /** The peer lied: nobody from its host is spoken to any more. */
  ban({ address }: Peer): void {
    this.#book.ban(address.host);
  }

  /** Takes a message of PEX. */
  exchange(peer: Peer, payload: Uint8Array): void {
    this.#exchange?.take(peer, payload);
  }

  /** Everything is here: trackers are told. */
  completed(): void {
    this.#book.isSeeding = true;
    for (const session of this.#discovery) session.completed();
  }

  /** Ends the search; connections are their owner's to close. Resolves when trackers were told, or after a few seconds. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#discovery.map((session) => session.close()));
  }

  #found(addresses: readonly PeerAddress[], infoHash: Uint8Array): void {
    this.#book.add(addresses, 'tracker', infoHash);
    this.#dialer?.dial();
  }

  /** Whoever has offered the connection speaks first. It is encrypted already. */
  #introduced(connection: Connection, infoHash: Uint8Array): void {
    const { clock, randomBytes: random } = this.#options.environment;
    const own = this.#options.greeting(infoHash);
    const options = {
      ...{ encryption: 'off' as const, clock, random, signal: this.#stop.signal },
      onPeer: (arrival: PeerArrival) => this.arrived(arrival),
      onFailure: () => {},
    };
    if (!connection.incoming) greetPeer(connection, own, options);
    else
      answerPeer(connection, {
        ...options,
        answer: (theirs) => (sameBytes(theirs.infoHash, own.infoHash) ? own : undefined),
        infoHashOf: () => undefined,
      });
  }

  #take(arrival: PeerArrival, onGone: OnGone): void {
    if (this.#isKnown(arrival.handshake.peerId)) {
      arrival.stream.close('it is connected already');
      onGone(false);
      return;
    }
    const peer = this.#options.onArrival(arrival);
    if (peer.isClosed) {
      onGone(peer.isSeed || peer.isUploadOnly);
      return;
    }
    this.peers.add(peer);
    this.#onGone.set(peer, onGone);
  }

  /** Two connections to one peer would be one too many. */
  #isKnown(peerId: Uint8Array): boolean {
    for (const { handshake } of this.peers) if (handshake.peerId.every((byte, at) => byte === peerId[at])) return true;
    return false;
  }

  async #tickForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#dialer?.dial();
      this.#exchange?.tick();
      await this.#options.environment.clock.sleep(TICK_MS, signal).catch(() => {});
    }
  }
}
