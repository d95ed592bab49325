import { toHex } from '../base/hex.ts';
import { sameBytes } from '../base/same-bytes.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Connection, Listener, Transport } from '../contracts/connection.ts';
import type { Discovery } from '../contracts/discovery.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { ResumeStore } from '../contracts/resume-store.ts';
import { SwarmError } from '../errors.ts';
import { encryptionLookupKey } from '../wire/encryption.ts';
import type { Handshake } from '../wire/handshake.ts';
import { ConnectionSlots } from './connection-slots.ts';
import type { ExtensionHandler, SwarmEnvironment } from './environment.ts';
import { answerPeer, type Encryption, type PeerArrival } from './peer-intake.ts';
import { RateLimit } from './rate-limits.ts';
import { SwarmTorrent, type SwarmTorrentOptions } from './swarm-torrent.ts';

/** Connections whose other end has not said yet who it is. */
const MOST_HANDSHAKES = 100;

export interface SwarmOptions {
  readonly clock: Clock;
  /** 0..1 */
  readonly random: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly hashing: HashPool;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Name and version, as peers are told. */
  readonly client: string;
  /** Undefined: no peers are dialled, and none let in. */
  readonly transport?: Transport | undefined;
  readonly encryption: Encryption;
  /** Connections to peers: of all torrents together, and of each. */
  readonly connections: number;
  readonly connectionsPerTorrent: number;
  /** Bytes per second, of all torrents together. */
  readonly limits: { readonly down?: number | undefined; readonly up?: number | undefined };
  readonly resume?: ResumeStore | undefined;
  readonly discoveryFor: (trackers: readonly (readonly string[])[]) => Discovery;
  readonly idle?: IdleTorrents | undefined;
}

/** Torrents that are not open, of which there may be many, and which are opened when a peer asks for one. */
export interface IdleTorrents {
  has(infoHash: Uint8Array): boolean;
  /** The 20-byte hash of the torrent that an encrypted handshake means. */
  infoHashOf(lookupKey: string): Uint8Array | undefined;
  /** Undefined: it cannot be served any more. */
  open(infoHash: Uint8Array): Promise<SwarmTorrentOptions | undefined>;
}

/** All torrents of a process: the port that they share, and what they share of everything else. */
export class Swarm {
  readonly torrents: Set<SwarmTorrent> = new Set<SwarmTorrent>();
  readonly #options: SwarmOptions;
  readonly #environment: SwarmEnvironment;
  readonly #extensions = new Map<string, ExtensionHandler>();
  /** What comes in, of all torrents and of whatever else is to count. */
  readonly down: RateLimit;
  readonly #up: RateLimit;
  readonly #slots: ConnectionSlots;
  readonly #stop = new AbortController();
  #listener: Listener | undefined;
  readonly #opening = new SingleFlight<SwarmTorrent | undefined>();
  #handshakes = 0;

  constructor(options: SwarmOptions) {
    const { clock, limits, connections } = options;
    this.#options = options;
    this.down = new RateLimit(clock, limits.down);
    this.#up = new RateLimit(clock, limits.up);
    this.#slots = new ConnectionSlots(connections);
    this.#environment = {
      ...options,
      transport: options.transport,
      resume: options.resume,
      port: () => this.port,
      slots: this.#slots,
      limits: { down: this.down, up: this.#up },
      extensions: this.#extensions,
    };
  }

  /** Where peers are let in; 0: nowhere. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Lets peers in. Rejects with CONNECT_FAILED when the port is taken. */
  async listen(): Promise<void> {
    this.#listener ??= await this.#options.transport?.listen((connection) => this.#answer(connection));
  }

  /** Takes a torrent, which is to be started. Throws BAD_REQUEST when it is here already. */
  add(options: SwarmTorrentOptions): SwarmTorrent {
    const torrent = new SwarmTorrent(this.#environment, options);
    if (torrent.swarms.some((hash) => this.find(hash)))
      throw new SwarmError('BAD_REQUEST', 'This torrent was added already.');
    this.torrents.add(torrent);
    return torrent;
  }

  /** The torrent with this 20-byte hash. */
  find(infoHash: Uint8Array): SwarmTorrent | undefined {
    for (const torrent of this.torrents) if (torrent.swarms.some((hash) => sameBytes(hash, infoHash))) return torrent;
    return undefined;
  }

  /** Stops a torrent and lets go of it. */
  async remove(torrent: SwarmTorrent): Promise<void> {
    await torrent.stop();
    this.torrents.delete(torrent);
  }

  /** Adds an extension of one's own (BEP 10): peers that connect from now on are told of it. */
  extend(name: string, handler: ExtensionHandler): void {
    this.#extensions.set(name, handler);
  }

  /** Sets the rates of all torrents together, in bytes per second; undefined: no limit. */
  limit({ down, up }: SwarmOptions['limits']): void {
    this.down.set(down);
    this.#up.set(up);
  }

  /** Ends everything: no socket, no timer, nothing half-written is left. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#listener?.close();
    await Promise.all([...this.torrents].map((torrent) => this.remove(torrent)));
  }

  #answer(connection: Connection): void {
    const { encryption, randomBytes: random, clock } = this.#options;
    if (this.#handshakes >= MOST_HANDSHAKES || this.#slots.isFull) {
      connection.close('there are as many connections as there may be');
      return;
    }
    this.#handshakes++;
    answerPeer(connection, {
      encryption,
      random,
      clock,
      signal: this.#stop.signal,
      answer: (theirs) => this.#greeting(theirs),
      infoHashOf: (key) =>
        this.#options.idle?.infoHashOf(key) ?? this.#swarms().find((hash) => encryptionLookupKey(hash) === key),
      onPeer: (arrival) => {
        const network = this.find(arrival.handshake.infoHash)?.network;
        if (network) network.arrived(arrival);
        else if (this.#options.idle) {
          void this.#wake(arrival).finally(() => this.#handshakes--);
          return;
        } else arrival.stream.close('the torrent was stopped');
        this.#handshakes--;
      },
      onFailure: () => {
        this.#handshakes--;
      },
    });
  }

  /** Undefined: it is ourselves, or wants a torrent that is not here. */
  #greeting({ infoHash, peerId }: Handshake): Handshake | undefined {
    const torrent = this.find(infoHash);
    const isSelf = sameBytes(peerId, this.#options.peerId);
    if (isSelf) return undefined;
    if (torrent?.network) return torrent.greeting(infoHash);
    if (!this.#options.idle?.has(infoHash)) return undefined;
    return { infoHash, peerId: this.#options.peerId, extended: true, fast: true, dht: false, v2: false };
  }

  /** Opens the torrent that a peer came for; the peer waits for it. */
  async #wake({ stream, handshake, leftover }: PeerArrival): Promise<void> {
    const { infoHash } = handshake;
    const early = leftover.slice();
    stream.connection.pause();
    try {
      const torrent = this.find(infoHash) ?? (await this.#opening.run(toHex(infoHash), () => this.#open(infoHash)));
      await torrent?.ready();
      if (!torrent?.network) throw new SwarmError('CLOSED', 'The torrent cannot be served any more.');
      torrent.network.arrived({ stream, handshake, leftover: early });
      stream.connection.resume();
    } catch (error) {
      stream.close(error instanceof Error ? error.message : 'it could not be opened');
    }
  }

  async #open(infoHash: Uint8Array): Promise<SwarmTorrent | undefined> {
    const options = await this.#options.idle?.open(infoHash);
    if (!options || this.#stop.signal.aborted) return undefined;
    const torrent = this.add(options);
    torrent.start();
    return torrent;
  }

  #swarms(): Uint8Array[] {
    return [...this.torrents].flatMap((torrent) => (torrent.network ? torrent.swarms : []));
  }
}
