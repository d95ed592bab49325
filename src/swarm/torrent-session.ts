import { Bitfield } from '../base/bitfield.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { encodeBare, encodeHave, encodePayload, type Message } from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';
import { Blame } from './blame.ts';
import { Choker } from './choker.ts';
import { createPeer } from './create-peer.ts';
import { METADATA_ID, type OwnExtensions, sendExtensions } from './extensions.ts';
import { FileProgress } from './file-progress.ts';
import { HashExchange } from './hash-exchange.ts';
import { Interest } from './interest.ts';
import { LeafHashes } from './leaf-hashes.ts';
import { answerMetadataRequest } from './metadata-exchange.ts';
import { Peer, type PeerOwner } from './peer.ts';
import type { PeerArrival } from './peer-intake.ts';
import { PeersFirst, type PeersFirstOptions } from './peers-first.ts';
import { Picker } from './picker.ts';
import { PieceBuffers } from './piece-buffers.ts';
import { PieceHashes } from './piece-hashes.ts';
import { PieceMap } from './piece-map.ts';
import { PieceTable, storageError } from './piece-table.ts';
import type { Limits } from './rate-limits.ts';
import { Readers, type ReaderWindow } from './readers.ts';
import { Requests } from './requests.ts';
import { Selection } from './selection.ts';
import { SourceLanes, type SourceStatus, type TorrentSource } from './source-lanes.ts';
import { SuperSeed } from './super-seed.ts';
import { Uploads } from './uploads.ts';

/** Memory for pieces on their way in. */
const BUFFER_BYTES = 16 * 1024 * 1024;
const TICK_MS = 1000;

export interface TorrentSessionOptions {
  readonly torrent: Torrent;
  readonly storage: TorrentStorage;
  readonly hashing: HashPool;
  readonly clock: Clock;
  /** 0..1 */
  readonly random: () => number;
  /** What is stored and verified already. */
  readonly have?: Bitfield;
  readonly extensions: OwnExtensions;
  readonly limits: Limits;
  /** BEP 16, if everything is here in the beginning: pieces are shown to peers one by one. */
  readonly isSuperSeed?: boolean;
  /** Sources are to be relieved by peers. */
  readonly peersFirst?: Pick<PeersFirstOptions, 'leastRate' | 'isHopeful'> | undefined;
  readonly events: TorrentEvents;
}

export interface TorrentEvents {
  /** A piece is verified and stored. `isOfPeers`: peers have brought some of it, or all. */
  piece(piece: number, isOfPeers: boolean): void;
  /** All that is wanted is. */
  complete(): void;
  /** Storing or reading failed: the session has ended, and is to be closed. */
  failed(error: SwarmError): void;
  /** The peer lied, and is to be left alone. */
  banned(peer: Peer): void;
  /** The peer is gone. */
  left(peer: Peer, reason: string): void;
  /** A message of an extension that the session does not know, by our id of it. */
  extension?(peer: Peer, id: number, payload: Uint8Array): void;
}

/** A torrent whose metadata is known, and its peers: downloads what is missing, and serves what is here. */
export class TorrentSession implements PeerOwner {
  readonly map: PieceMap;
  readonly have: Bitfield;
  readonly peers: Set<Peer> = new Set<Peer>();
  readonly selection: Selection;
  readonly progress: FileProgress;
  readonly hashes: PieceHashes;
  readonly #options: TorrentSessionOptions;
  readonly #picker: Picker;
  readonly #interest: Interest;
  readonly #table: PieceTable<object>;
  readonly #requests: Requests;
  readonly #lanes: SourceLanes;
  readonly #readers: Readers;
  readonly #uploads: Uploads;
  readonly #choker: Choker;
  readonly #blame = new Blame();
  readonly #leaves: LeafHashes;
  readonly #exchange: HashExchange;
  readonly #superSeed: SuperSeed | undefined;
  readonly #stop = new AbortController();
  readonly #completing = new Set<Promise<void>>();

  constructor(options: TorrentSessionOptions) {
    const { torrent, storage, hashing, clock, random, limits } = options;
    const { signal } = this.#stop;
    this.#options = options;
    const map = new PieceMap(torrent);
    const have = options.have ?? new Bitfield(map.pieceCount);
    const picker = new Picker({ pieceCount: map.pieceCount, random });
    this.map = map;
    this.have = have;
    this.#picker = picker;
    this.hashes = new PieceHashes(torrent, map, hashing);
    this.selection = new Selection(map, picker, have);
    this.progress = new FileProgress(map, have);
    this.#interest = new Interest(picker, have);
    this.#readers = new Readers(map, have, () => this.#hurry());
    const urgent = (): Iterable<number> => this.#readers.urgent();
    const hasFailed = (piece: number): boolean => this.#blame.hasFailed(piece);
    const table = new PieceTable({
      map,
      hashes: this.hashes,
      storage,
      picker,
      buffers: new PieceBuffers(torrent.pieceLength, BUFFER_BYTES, hashing.sharesMemory),
      have,
      events: {
        stored: (active) => this.#stored(active),
        bad: (active) => this.#failed(active),
        failed: (error) => this.#fail(error),
        roomMade: () => {
          this.#lanes.madeRoom();
          this.#fillAll();
        },
      },
    });
    this.#table = table;
    this.#requests = new Requests({
      pieceLength: torrent.pieceLength,
      table,
      picker,
      clock,
      urgent,
      hasFailed,
      onReceived: (peer, bytes) => peer.pause(limits.down.take(bytes), signal),
      takeBack: (isUseful) => this.#lanes.takeBack(isUseful),
    });
    const peersFirst = options.peersFirst && new PeersFirst({ clock, peers: this.peers, ...options.peersFirst });
    this.#lanes = new SourceLanes({
      use: peersFirst && (() => peersFirst.use()),
      random,
      map,
      table,
      picker,
      clock,
      urgent,
      isExclusive: hasFailed,
      throttle: (bytes, laneSignal) => limits.down.wait(bytes, laneSignal),
      onBlock: (active, block) => this.#requests.landed(active, block),
      onFreed: () => this.#fillAll(),
    });
    this.#uploads = new Uploads({
      map,
      have,
      storage,
      throttle: (bytes) => limits.up.wait(bytes, signal),
      onError: (error) => this.#fail(storageError(error)),
    });
    this.#choker = new Choker({
      clock,
      random,
      peers: this.peers,
      isSeeding: () => this.isFinished,
      onChoke: (peer) => this.#uploads.choked(peer),
    });
    this.#leaves = new LeafHashes({
      ...{ map, have, storage, clock },
      hashes: this.hashes,
      peers: this.peers,
      onLeaves: (piece, leaves) => this.#ban(this.#blame.settled(piece, leaves, this.hashes.dataLength(piece))),
    });
    this.#exchange = new HashExchange({
      leaves: this.#leaves,
      pieceLength: torrent.pieceLength,
      hashes: this.hashes,
      clock,
      peers: this.peers,
      onLayer: () => this.#offerAll(),
    });
    this.#superSeed = options.isSuperSeed && have.isFull ? new SuperSeed(have, this.peers) : undefined;
    this.#offerAll();
    void this.#tickForever();
  }

  /** Is everything here that is wanted? */
  get isFinished(): boolean {
    return this.selection.missing === 0;
  }

  /** Has it no use for peers that have everything? Not while files are fetched, or only read as somebody asks for them. */
  get isUploadOnly(): boolean {
    return this.have.isFull || (this.isFinished && !this.selection.isEmpty);
  }

  get sources(): readonly SourceStatus[] {
    return this.#lanes.status;
  }

  /** Takes a peer that has shaken hands about this torrent. */
  add(arrival: PeerArrival): Peer {
    const peer = createPeer(arrival, this.#options.torrent, this, this.#options.clock);
    if (this.#stop.signal.aborted) {
      peer.close('the torrent was stopped');
      return peer;
    }
    const { extensions, torrent } = this.#options;
    const uploadOnly = this.isUploadOnly && !this.#superSeed;
    sendExtensions(peer, extensions, { metadataSize: torrent.info.length, uploadOnly });
    this.adopt(peer, false);
    if (arrival.leftover.length > 0) peer.feed(arrival.leftover);
    return peer;
  }

  /** Takes a peer. `isLate`: it was somebody else's until the metadata was known, and was told that we have nothing. */
  adopt(peer: Peer, isLate: boolean): void {
    peer.handTo(this);
    this.peers.add(peer);
    this.#sendPieces(peer, isLate);
    peer.setPieceCount(this.map.pieceCount);
    this.#exchange.ask(peer);
  }

  /** Reads from a web seed, the Hub ... beside the peers. */
  addSource(source: TorrentSource): void {
    this.#lanes.add(source);
  }

  /** Sets the priority of each file: 0 is not wanted; of others the higher comes first. */
  select(priorityOf: (file: number) => number): void {
    this.selection.set(priorityOf);
    for (const peer of this.peers) this.#interest.count(peer);
    this.#offerAll();
  }

  /** Pieces in their order, instead of the rarest first. */
  set isSequential(value: boolean) {
    this.#picker.isSequential = value;
  }

  /** Somebody reads bytes `[start, end)` of a file: they come before everything else. */
  openReader(file: number, start: number, end: number): ReaderWindow {
    return this.#readers.open(file, start, end);
  }

  /** Files that are whole, though an earlier run did not come to giving them their names, get them now. */
  async completeHeld(): Promise<void> {
    for (const [file, { isPad, symlink }] of this.#options.torrent.files.entries()) {
      const isHeld = !isPad && symlink === undefined && this.progress.isComplete(file);
      if (isHeld && this.selection.isWanted(file)) this.#completeFile(file);
    }
    await this.#filesCompleted();
  }

  /** Ends it: no peer, no timer, nothing half-written is left. The storage stays open. */
  async close(): Promise<void> {
    this.#halt(new SwarmError('CLOSED', 'The torrent was stopped.'));
    await this.#lanes.close();
    await this.#table.close();
    await this.#filesCompleted();
  }

  block(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    return this.#requests.block(peer, piece, begin, length);
  }

  blockDone(peer: Peer, piece: number, begin: number, length: number): void {
    this.#requests.blockDone(peer, piece, begin, length);
  }

  closed(peer: Peer, reason: string): void {
    if (!this.peers.delete(peer)) return;
    this.#interest.forget(peer);
    this.#requests.forget(peer);
    this.#uploads.forget(peer);
    this.#exchange.forget(peer);
    this.#superSeed?.forget(peer);
    this.#options.events.left(peer, reason);
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
        this.#requests.unchoked(peer);
        return;
      case 'interested':
        peer.isInterested = true;
        this.#choker.interested(peer);
        return;
      case 'notInterested':
        peer.isInterested = false;
        peer.setChoking(true);
        this.#uploads.choked(peer);
        return;
      case 'have':
        this.#peerGot(peer, message.piece);
        return;
      case 'bitfield':
        this.#peerHas(peer, this.#interest.says(peer, Bitfield.from(message.bits, this.map.pieceCount)));
        return;
      case 'haveAll':
        this.#peerHas(peer, this.#interest.saysShort(peer, Bitfield.full(this.map.pieceCount)));
        return;
      case 'haveNone':
        this.#peerHas(peer, this.#interest.saysShort(peer, new Bitfield(this.map.pieceCount)));
        return;
      case 'request':
        this.#uploads.requested(peer, message);
        return;
      case 'cancel':
        this.#uploads.cancelled(peer, message);
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
        this.#exchange.rejected(peer, message.payload);
        return;
      default:
    }
  }

  #extended(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === METADATA_ID) answerMetadataRequest(peer, payload, this.#options.torrent.info);
    else if (id !== 0) this.#options.events.extension?.(peer, id, payload);
    else if (peer.takeExtensions(payload)) this.#leaveIfUseless(peer);
  }

  #sendPieces(peer: Peer, isLate: boolean): void {
    const { fast } = peer.handshake;
    if (this.#superSeed) {
      if (fast) peer.send(encodeBare('haveNone'));
      this.#superSeed.show(peer);
    } else if (isLate) for (let piece = 0; piece < this.map.pieceCount; piece++) this.#sendHave(peer, piece);
    else if (fast && this.have.isFull) peer.send(encodeBare('haveAll'));
    else if (fast && this.have.count === 0) peer.send(encodeBare('haveNone'));
    else if (this.have.count > 0) peer.send(encodePayload('bitfield', this.have.bytes.slice()));
  }

  #sendHave(peer: Peer, piece: number): void {
    if (this.have.has(piece)) peer.send(encodeHave(piece));
  }

  #peerHas(peer: Peer, isGood: boolean): void {
    if (!isGood) {
      peer.close('it sent a bitfield of another length, or said twice that it has all or nothing');
      return;
    }
    this.#requests.fill(peer);
    this.#leaveIfUseless(peer);
  }

  #peerGot(peer: Peer, piece: number): void {
    if (piece >= this.map.pieceCount) peer.close('it has a piece that does not exist');
    else if (this.#interest.got(peer, piece)) {
      this.#requests.fill(peer);
      this.#superSeed?.got(peer, piece);
    }
  }

  /** Two that have everything have nothing to say to one another. */
  #leaveIfUseless(peer: Peer): void {
    if (this.have.isFull && (peer.isSeed || peer.isUploadOnly)) peer.close('both have everything');
  }

  #failed(active: ActivePiece<object>): void {
    const guilty = this.#blame.failed(active);
    if (guilty.length === 0) this.#leaves.ask(active.piece, active.senders());
    this.#ban(guilty);
  }

  #stored(active: ActivePiece<object>): void {
    const { piece } = active;
    this.#leaves.forget(piece);
    this.#ban(this.#blame.passed(active));
    this.#interest.stored(piece, this.peers);
    for (const peer of this.peers) this.#sendHave(peer, piece);
    this.#readers.stored(piece);
    this.#options.events.piece(
      piece,
      [...active.senders()].some((sender) => sender instanceof Peer),
    );
    for (const file of this.progress.stored(piece)) this.#completeFile(file);
    if (this.selection.stored(piece)) this.#finished();
  }

  #finished(): void {
    const { torrent, events } = this.#options;
    for (const [file, { length, isPad, symlink }] of torrent.files.entries()) {
      const isEmpty = length === 0 && !isPad && symlink === undefined;
      if (isEmpty && this.selection.isWanted(file)) this.#completeFile(file);
    }
    for (const peer of [...this.peers]) this.#leaveIfUseless(peer);
    void this.#filesCompleted().then(() => this.#stop.signal.aborted || events.complete());
  }

  /** Resolves when the files that are complete have their final names. */
  async #filesCompleted(): Promise<void> {
    await Promise.allSettled(this.#completing);
  }

  #completeFile(file: number): void {
    const work = this.#options.storage.complete(file).catch((error: SwarmError) => this.#fail(error));
    this.#completing.add(work);
    void work.finally(() => this.#completing.delete(work));
  }

  /** Pieces that are missing and can be checked are to be begun. */
  #offerAll(): void {
    for (let piece = 0; piece < this.map.pieceCount; piece++) this.#offer(piece);
    this.#lanes.pump();
    this.#fillAll();
  }

  #offer(piece: number): void {
    const isMissing = !this.have.has(piece) && !this.#table.isBusy(piece);
    if (isMissing && this.hashes.isKnown(piece)) this.#picker.add(piece);
  }

  /** Readers wait for other pieces than before. */
  #hurry(): void {
    for (const piece of this.#readers.urgent()) {
      if (!this.selection.want(piece)) continue;
      for (const peer of this.peers) this.#interest.wants(peer, piece);
      this.#offer(piece);
    }
    this.#lanes.hurry();
    this.#fillAll();
  }

  #ban(senders: readonly object[]): void {
    for (const sender of senders) {
      if (this.#lanes.ban(sender) || !(sender instanceof Peer) || !this.peers.has(sender)) continue;
      this.#options.events.banned(sender);
      sender.close('it sent wrong bytes');
    }
  }

  #fail(error: SwarmError): void {
    if (this.#stop.signal.aborted) return;
    // Going on would fetch the same pieces again and again.
    this.#halt(error);
    this.#options.events.failed(error);
  }

  #halt(reason: SwarmError): void {
    this.#stop.abort(reason);
    this.#readers.fail(reason);
    for (const peer of [...this.peers]) peer.close('the torrent was stopped');
    void this.#lanes.close();
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
      this.#exchange.tick();
      this.#lanes.tick();
      this.#fillAll();
    }
  }
}
