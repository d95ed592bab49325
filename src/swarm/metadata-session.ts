import type { Clock } from '../contracts/clock.ts';
import { encodeBare, type Message } from '../wire/messages.ts';
import { createPeer, type TorrentNames } from './create-peer.ts';
import { METADATA_ID, type OwnExtensions, sendExtensions } from './extensions.ts';
import { answerMetadataRequest, MetadataDownload } from './metadata-exchange.ts';
import type { Peer, PeerOwner } from './peer.ts';
import type { PeerArrival } from './peer-intake.ts';

const TICK_MS = 1000;

export interface MetadataSessionOptions {
  readonly names: TorrentNames;
  readonly clock: Clock;
  readonly extensions: OwnExtensions;
  /** Called once, with an info dictionary of the right hash. `takePeers` is to be called then. */
  readonly onInfo: (info: Uint8Array) => void;
  readonly onBanned: (peer: Peer) => void;
  readonly onLeft: (peer: Peer, reason: string) => void;
  readonly onExtension: (peer: Peer, id: number, payload: Uint8Array) => void;
}

/** The peers of a magnet link until one of them has sent the metadata (BEP 9). */
export class MetadataSession implements PeerOwner {
  readonly peers: Set<Peer> = new Set<Peer>();
  readonly #options: MetadataSessionOptions;
  readonly #download: MetadataDownload;
  readonly #stop = new AbortController();

  constructor(options: MetadataSessionOptions) {
    this.#options = options;
    this.#download = new MetadataDownload(options.names, options.clock, (info) => {
      this.#stop.abort();
      options.onInfo(info);
    });
    void this.#tickForever();
  }

  /** Takes a peer that has shaken hands about this torrent. */
  add(arrival: PeerArrival): Peer {
    const { names, clock, extensions } = this.#options;
    const peer = createPeer(arrival, names, this, clock);
    this.peers.add(peer);
    sendExtensions(peer, extensions);
    if (peer.handshake.fast) peer.send(encodeBare('haveNone'));
    if (arrival.leftover.length > 0) peer.feed(arrival.leftover);
    return peer;
  }

  /** Hands its peers over, who know what they have heard so far. It is of no use any more. */
  takePeers(): Peer[] {
    const peers = [...this.peers];
    this.peers.clear();
    return peers;
  }

  close(): void {
    this.#stop.abort();
    for (const peer of [...this.peers]) peer.close('the torrent was stopped');
  }

  /** Nothing was asked for. */
  block(): undefined {}

  blockDone(): void {}

  closed(peer: Peer, reason: string): void {
    if (!this.peers.delete(peer)) return;
    this.#download.forget(peer);
    this.#options.onLeft(peer, reason);
    this.#askAll();
  }

  message(peer: Peer, message: Message): void {
    if (message.kind === 'choke' || message.kind === 'unchoke') peer.isChoking = message.kind === 'choke';
    if (message.kind === 'interested' || message.kind === 'notInterested')
      peer.isInterested = message.kind === 'interested';
    if (message.kind === 'extended') this.#extended(peer, message.id, message.payload);
  }

  #extended(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === 0) {
      if (!peer.takeExtensions(payload)) return;
      this.#download.ask(peer);
    } else if (id === METADATA_ID) {
      answerMetadataRequest(peer, payload, undefined);
      if (this.#download.take(peer, payload)) return;
      this.#options.onBanned(peer);
      peer.close('it sent wrong metadata');
    } else this.#options.onExtension(peer, id, payload);
  }

  #askAll(): void {
    for (const peer of this.peers) this.#download.ask(peer);
  }

  async #tickForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#options.clock.sleep(TICK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      this.#download.tick();
      this.#askAll();
    }
  }
}
