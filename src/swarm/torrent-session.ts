import { Bitfield } from '../base/bitfield.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import type { SwarmError } from '../errors.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { decodeExtensionHandshake, encodeExtensionHandshake } from '../wire/extension-handshake.ts';
import {
  BLOCK_BYTES,
  type BlockRef,
  encodeBare,
  encodeExtended,
  encodeHave,
  encodePayload,
  type Message,
} from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';
import { Blame } from './blame.ts';
import { Choker } from './choker.ts';
import { HashExchange } from './hash-exchange.ts';
import { answerMetadataRequest, METADATA_EXTENSION } from './metadata-exchange.ts';
import { Peer, type PeerOwner } from './peer.ts';
import type { PeerArrival } from './peer-intake.ts';
import { Picker } from './picker.ts';
import { PieceBuffers } from './piece-buffers.ts';
import { PieceHashes } from './piece-hashes.ts';
import { PieceMap } from './piece-map.ts';
import { PieceTable } from './piece-table.ts';
import { Requests } from './requests.ts';
import { MOST_WAITING, Uploads } from './uploads.ts';

/** Memory for pieces on their way in. */
const BUFFER_BYTES = 48 * 1024 * 1024;
const TICK_MS = 1000;
/** Our id of `ut_metadata`. */
const METADATA_ID = 1;

export interface TorrentSessionOptions {
  readonly torrent: Torrent;
  readonly storage: TorrentStorage;
  readonly hashing: HashPool;
  readonly clock: Clock;
  /** 0..1 */
  readonly random: () => number;
  /** What is stored and verified already. */
  readonly have?: Bitfield;
  readonly client: string;
  readonly events: TorrentEvents;
}

export interface TorrentEvents {
  /** A piece is verified and stored. */
  piece(piece: number): void;
  /** All of it is. */
  complete(): void;
  /** Storing or reading failed. */
  failed(error: SwarmError): void;
  /** The peer lied, and is to be left alone. */
  banned(peer: Peer): void;
}

/** A torrent whose metadata is known, and its peers: downloads what is missing, and serves what is here. */
export class TorrentSession implements PeerOwner {
  readonly map: PieceMap;
  readonly have: Bitfield;
  readonly peers: Set<Peer> = new Set<Peer>();
  readonly #options: TorrentSessionOptions;
  readonly #hashes: PieceHashes;
  readonly #picker: Picker;
  readonly #table: PieceTable<object>;
  readonly #requests: Requests;
  readonly #uploads: Uploads;
  readonly #choker: Choker;
  readonly #blame = new Blame();
  readonly #exchange: HashExchange;
  readonly #stop = new AbortController();
  readonly #completed = new Set<number>();
  readonly #completing = new Set<Promise<void>>();
  readonly #banned = new WeakSet<Peer>();

  constructor(options: TorrentSessionOptions) {
    const { torrent, storage, hashing, clock, random } = options;
    this.#options = options;
    this.map = new PieceMap(torrent);
    this.have = options.have ?? new Bitfield(this.map.pieceCount);
    this.#hashes = new PieceHashes(torrent, this.map, hashing);
    this.#picker = new Picker({ pieceCount: this.map.pieceCount, random });
    this.#table = new PieceTable({
      map: this.map,
      hashes: this.#hashes,
      storage,
      picker: this.#picker,
      buffers: new PieceBuffers(torrent.pieceLength, BUFFER_BYTES),
      have: this.have,
      events: {
        stored: (active) => this.#stored(active),
        bad: (active) => this.#ban(this.#blame.failed(active)),
        failed: (error) => options.events.failed(error),
        roomMade: () => this.#fillAll(),
      },
    });
    this.#requests = new Requests({
      pieceLength: torrent.pieceLength,
      table: this.#table,
      picker: this.#picker,
      clock,
      urgent: () => [],
      suspects: (piece) => this.#blame.suspects(piece),
    });
    this.#uploads = new Uploads({
      map: this.map,
      storage,
      throttle: async () => {},
      onSent: () => {},
      onError: () => {},
    });
    this.#choker = new Choker({
      clock,
      random,
      peers: this.peers,
      isSeeding: () => this.have.isFull,
      onChoke: (peer) => this.#refuse(peer, this.#uploads.clear(peer)),
    });
    this.#exchange = new HashExchange(torrent, this.#hashes, (root) => this.#layerCame(root));
    for (let piece = 0; piece < this.map.pieceCount; piece++) this.#offer(piece);
    void this.#tickForever();
  }

  /** Takes a peer that has shaken hands about this torrent. */
  add({ stream, handshake, leftover }: PeerArrival): Peer {
    const { torrent, client } = this.#options;
    // A hybrid's peer that named the v1 hash is no v2 peer, whatever its bits say: libtorrent hangs up on hash requests then.
    const isV2 = torrent.infoHashV2?.subarray(0, 20).every((byte, at) => byte === handshake.infoHash[at]) ?? false;
    const peer = new Peer({ stream, handshake, isV2, owner: this, clock: this.#options.clock });
    this.peers.add(peer);
    if (handshake.extended) {
      const messages = new Map([[METADATA_EXTENSION, METADATA_ID]]);
      const hello = {
        messages,
        client,
        reqq: MOST_WAITING,
        metadataSize: torrent.info.length,
        uploadOnly: this.have.isFull,
      };
      peer.send(encodeExtended(0, encodeExtensionHandshake(hello)));
    }
    this.#sendPieces(peer);
    peer.setPieceCount(this.map.pieceCount);
    this.#exchange.ask(peer);
    if (leftover.length > 0) peer.feed(leftover);
    return peer;
  }

  /** Ends it: no peer, no timer, nothing half-written is left. The storage stays open. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const peer of [...this.peers]) peer.close('the torrent was stopped');
    await this.#table.close();
    await this.#filesCompleted();
  }

  block(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    return this.#requests.block(peer, piece, begin, length);
  }

  blockDone(peer: Peer, piece: number, begin: number, length: number): void {
    this.#requests.blockDone(peer, piece, begin, length);
  }

  closed(peer: Peer): void {
    if (!this.peers.delete(peer)) return;
    if (peer.pieces) this.#picker.peerHas(peer.pieces, -1);
    this.#requests.forget(peer);
    this.#uploads.forget(peer);
    this.#exchange.forget(peer);
    this.#fillAll();
  }

  message(peer: Peer, message: Message): void {
    switch (message.kind) {
      case 'choke':
        peer.isChoking = true;
        // With the fast extension it rejects one by one what it will not send.
        if (!peer.handshake.fast) this.#requests.release(peer);
        return;
      case 'unchoke':
        peer.isChoking = false;
        this.#requests.fill(peer);
        return;
      case 'interested':
        peer.isInterested = true;
        this.#choker.interested(peer);
        return;
      case 'notInterested':
        peer.isInterested = false;
        peer.setChoking(true);
        return;
      case 'have':
        this.#peerGot(peer, message.piece);
        return;
      case 'bitfield':
        this.#peerHas(peer, Bitfield.from(message.bits, this.map.pieceCount));
        return;
      case 'haveAll':
        this.#peerHas(peer, Bitfield.full(this.map.pieceCount));
        return;
      case 'haveNone':
        this.#peerHas(peer, new Bitfield(this.map.pieceCount));
        return;
      case 'request':
        this.#requested(peer, message);
        return;
      case 'cancel':
        if (this.#uploads.cancel(peer, message)) this.#refuse(peer, [message]);
        return;
      case 'reject':
        this.#requests.rejected(peer, message);
        this.#requests.fill(peer);
        return;
      case 'extended':
        this.#extended(peer, message.id, message.payload);
        return;
      case 'hashRequest':
        this.#exchange.answer(peer, message.payload);
        return;
      case 'hashes':
        if (!this.#exchange.take(peer, message.payload)) this.#ban([peer]);
        return;
      case 'hashReject':
        this.#exchange.rejected(peer);
        return;
      default:
    }
  }

  #extended(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === METADATA_ID) answerMetadataRequest(peer, payload, this.#options.torrent.info);
    if (id !== 0) return;
    const extensions = decodeExtensionHandshake(payload);
    if (!extensions) {
      peer.close('it sent a malformed extension handshake');
      return;
    }
    peer.extensions = extensions;
    peer.isUploadOnly = extensions.uploadOnly ?? false;
    this.#leaveIfUseless(peer);
  }

  #sendPieces(peer: Peer): void {
    const { fast } = peer.handshake;
    if (fast && this.have.isFull) peer.send(encodeBare('haveAll'));
    else if (fast && this.have.count === 0) peer.send(encodeBare('haveNone'));
    else if (this.have.count > 0) peer.send(encodePayload('bitfield', this.have.bytes.slice()));
  }

  #peerHas(peer: Peer, pieces: Bitfield | undefined): void {
    if (!pieces) {
      peer.close('it sent a bitfield of another length');
      return;
    }
    if (peer.pieces) this.#picker.peerHas(peer.pieces, -1);
    peer.pieces = pieces;
    this.#picker.peerHas(pieces, 1);
    this.#updateInterest(peer);
    this.#leaveIfUseless(peer);
  }

  #peerGot(peer: Peer, piece: number): void {
    if (piece >= this.map.pieceCount) {
      peer.close('it has a piece that does not exist');
      return;
    }
    if (!peer.pieces?.add(piece)) return;
    this.#picker.pieceSeen(piece, 1);
    if (peer.pieces.isFull) this.#picker.becameSeed();
    if (!peer.amInterested && !this.have.has(piece)) this.#updateInterest(peer);
    this.#requests.fill(peer);
  }

  #updateInterest(peer: Peer): void {
    const { pieces } = peer;
    if (!pieces) return;
    let isInteresting = false;
    for (let piece = 0; piece < pieces.size && !isInteresting; piece++) {
      isInteresting = pieces.has(piece) && !this.have.has(piece) && this.#picker.priority(piece) > 0;
    }
    peer.setInterested(isInteresting);
    if (isInteresting) this.#requests.fill(peer);
  }

  /** Two that have everything have nothing to say to one another. */
  #leaveIfUseless(peer: Peer): void {
    if (this.have.isFull && (peer.isSeed || peer.isUploadOnly)) peer.close('both have everything');
  }

  #requested(peer: Peer, { piece, begin, length }: BlockRef): void {
    const isThere = piece < this.map.pieceCount && this.have.has(piece);
    const isValid =
      length > 0 && length <= BLOCK_BYTES && isThere && begin + length <= this.map.sizeAsked(piece, begin);
    if (peer.amChoking || !isValid || !this.#uploads.add(peer, { piece, begin, length })) {
      this.#refuse(peer, [{ piece, begin, length }]);
    }
  }

  #refuse(peer: Peer, blocks: readonly BlockRef[]): void {
    if (peer.handshake.fast) peer.sendRequests('reject', blocks);
  }

  #stored(active: ActivePiece<object>): void {
    const { events, torrent, storage } = this.#options;
    this.#ban(this.#blame.passed(active));
    for (const peer of this.peers) peer.send(encodeHave(active.piece));
    events.piece(active.piece);
    for (const { file } of this.map.slices(active.piece)) this.#completeFile(file, storage);
    if (!this.have.isFull) return;
    for (const [file, { length, isPad }] of torrent.files.entries())
      if (length === 0 && !isPad) this.#completeFile(file, storage);
    for (const peer of [...this.peers]) {
      peer.setInterested(false);
      this.#leaveIfUseless(peer);
    }
    void this.#filesCompleted().then(() => this.#stop.signal.aborted || events.complete());
  }

  /** Resolves when the files that are complete have their final names. */
  async #filesCompleted(): Promise<void> {
    await Promise.allSettled(this.#completing);
  }

  #completeFile(file: number, storage: TorrentStorage): void {
    const { first, end } = this.map.piecesOf(file);
    for (let piece = first; piece < end; piece++) if (!this.have.has(piece)) return;
    if (this.#completed.has(file)) return;
    this.#completed.add(file);
    const work = storage.complete(file).catch((error: SwarmError) => this.#options.events.failed(error));
    this.#completing.add(work);
    void work.finally(() => this.#completing.delete(work));
  }

  /** The piece is to be begun, if it is missing and can be checked. */
  #offer(piece: number): void {
    if (!this.have.has(piece) && this.#hashes.isKnown(piece)) this.#picker.add(piece);
  }

  #layerCame(root: Uint8Array): void {
    for (const [file, { root: other }] of this.map.files.entries()) {
      if (!other?.every((byte, index) => byte === root[index])) continue;
      const { first, end } = this.map.piecesOf(file);
      for (let piece = first; piece < end; piece++) this.#offer(piece);
    }
    this.#fillAll();
  }

  #ban(senders: readonly object[]): void {
    for (const sender of senders) {
      if (!(sender instanceof Peer) || this.#banned.has(sender)) continue;
      this.#banned.add(sender);
      this.#options.events.banned(sender);
      sender.close('it sent wrong bytes');
    }
  }

  #fillAll(): void {
    for (const peer of this.peers) this.#requests.fill(peer);
  }

  async #tickForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#options.clock.sleep(TICK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      this.#requests.tick();
      this.#choker.tick();
      this.#fillAll();
    }
  }
}
