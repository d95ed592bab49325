import { Bitfield } from '../base/bitfield.ts';
import type { Clock } from '../contracts/clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import { decodeExtensionHandshake, type ExtensionHandshake } from '../wire/extension-handshake.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import type { Handshake } from '../wire/handshake.ts';
import { type BlockRef, encodeBare, encodeBlockRefs, encodeExtended, type Message } from '../wire/messages.ts';
import type { PeerStream } from './peer-stream.ts';
import { Rate } from './rate.ts';

/** Messages about pieces that are kept until it is known how many pieces there are. */
const MOST_EARLY_HAVES = 10_000;
/** What a peer takes at a time, unless it says otherwise. */
const DEFAULT_REQQ = 250;
/** Bytes that a peer may leave unread. Uploads wait at 768 KiB; only answers to floods of questions come near this. */
const MOST_QUEUED = 8 * 1024 * 1024;

/** Whoever a peer belongs to. */
export interface PeerOwner {
  /** As `FrameHandler.block`. */
  block(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined;
  blockDone(peer: Peer, piece: number, begin: number, length: number): void;
  /** Byte arrays in it are valid during this call. */
  message(peer: Peer, message: Message): void;
  /** Once, at the end. */
  closed(peer: Peer, reason: string): void;
}

/** A peer after the handshake: what it has and wants, what we told it, and its numbers. It decides nothing. */
export class Peer {
  readonly stream: PeerStream;
  readonly handshake: Handshake;
  /** Where it listens, as far as that is known: for PEX, and to find it again. */
  listensAt: PeerAddress | undefined;
  /** Does it take part in the v2 swarm, and understand hash requests? */
  readonly isV2: boolean;

  /** It sends us nothing. */
  isChoking = true;
  /** It wants something of us. */
  isInterested = false;
  /** We send it nothing. */
  amChoking = true;
  /** We have told it that we want something. */
  amInterested = false;
  /** BEP 21: it will never download again. */
  isUploadOnly = false;
  /** Undefined until it is known how many pieces there are. */
  pieces: Bitfield | undefined;
  /** How many pieces it has that we want and lack. */
  wanted = 0;
  /** BEP 10; undefined until its extension handshake has come. */
  extensions: ExtensionHandshake | undefined;

  readonly received: Rate;
  readonly sent: Rate;
  readonly connectedAt: number;
  /** When bytes of a block last came. */
  blockAt = 0;
  /** It did not send what it was asked for in time. */
  isSnubbed = false;

  #owner: PeerOwner;
  readonly #reader: FrameReader;
  readonly #early: Message[] = [];
  readonly #clock: Clock;
  #pausedUntil = 0;
  #isClosed = false;

  constructor(options: {
    readonly stream: PeerStream;
    readonly handshake: Handshake;
    readonly isV2: boolean;
    readonly owner: PeerOwner;
    readonly clock: Clock;
  }) {
    const { stream, handshake, isV2, owner, clock } = options;
    this.stream = stream;
    this.handshake = handshake;
    this.isV2 = isV2;
    this.#owner = owner;
    this.#clock = clock;
    this.received = new Rate(clock);
    this.sent = new Rate(clock);
    this.connectedAt = clock.now();
    const { remote, incoming } = stream.connection;
    this.listensAt = incoming ? undefined : remote;
    this.#reader = new FrameReader({
      block: (piece, begin, length) => this.#owner.block(this, piece, begin, length),
      blockDone: (piece, begin, length) => this.#owner.blockDone(this, piece, begin, length),
      message: (message) => this.#take(message),
    });
    stream.onData = (bytes) => this.feed(bytes);
    stream.onClosed = (reason) => this.#end(reason);
    const { closedFor } = stream;
    if (closedFor !== undefined) queueMicrotask(() => this.#end(closedFor));
  }

  get address(): PeerAddress {
    return this.stream.connection.remote;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many blocks it may be asked for at a time. */
  get mostRequests(): number {
    return this.extensions?.reqq ?? DEFAULT_REQQ;
  }

  get isSeed(): boolean {
    return this.pieces?.isFull ?? false;
  }

  has(piece: number): boolean {
    return this.pieces?.has(piece) ?? false;
  }

  /** Takes bytes of the stream, which are its to change. */
  feed(bytes: Uint8Array): void {
    const problem = this.#reader.feed(bytes);
    if (problem !== undefined) this.close(`it sent ${problem}`);
  }

  /** It is known now how many pieces there are; what the peer has said about pieces before is looked at again. */
  setPieceCount(count: number): void {
    this.pieces = new Bitfield(count);
    for (const message of this.#early.splice(0)) {
      if (this.#isClosed) return;
      this.#owner.message(this, message);
    }
  }

  /** Gives the peer to somebody else, who hears of everything from now on. */
  handTo(owner: PeerOwner): void {
    this.#owner = owner;
  }

  /** Drops what is still to come of the block whose bytes are coming. */
  dropBlock(): void {
    this.#reader.dropBlock();
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    this.stream.send(bytes, sent);
    if (this.stream.connection.queued > MOST_QUEUED) this.close('it does not read what it asks for');
  }

  sendRequests(kind: 'request' | 'cancel' | 'reject', blocks: readonly BlockRef[]): void {
    if (blocks.length > 0) this.send(encodeBlockRefs(kind, blocks));
  }

  /** Sends a message of an extension, if the peer has it. Returns whether it has. */
  sendExtended(name: string, payload: Uint8Array): boolean {
    const id = this.extensions?.messages.get(name);
    if (!id) return false;
    this.send(encodeExtended(id, payload));
    return true;
  }

  /** Takes its extension handshake; a malformed one closes it. Returns whether it was good. */
  takeExtensions(payload: Uint8Array): boolean {
    const extensions = decodeExtensionHandshake(payload);
    if (!extensions) {
      this.close('it sent a malformed extension handshake');
      return false;
    }
    this.extensions = extensions;
    this.isUploadOnly = extensions.uploadOnly ?? false;
    const { port } = extensions;
    if (port !== undefined) this.listensAt ??= { host: this.address.host, port };
    return true;
  }

  /** Takes nothing from it for so long: there is a limit. Nothing is lost, it cannot send then. */
  pause(milliseconds: number, signal: AbortSignal): void {
    if (milliseconds <= 0 || this.#isClosed) return;
    const isPaused = this.#pausedUntil > this.#clock.now();
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + milliseconds);
    if (!isPaused) void this.#resumeLater(signal);
  }

  setChoking(isChoking: boolean): void {
    if (this.amChoking === isChoking) return;
    this.amChoking = isChoking;
    this.send(encodeBare(isChoking ? 'choke' : 'unchoke'));
  }

  setInterested(isInterested: boolean): void {
    if (this.amInterested === isInterested) return;
    this.amInterested = isInterested;
    this.send(encodeBare(isInterested ? 'interested' : 'notInterested'));
  }

  /** Its owner hears of it before this returns. */
  close(reason: string): void {
    this.#end(reason);
    this.stream.close(reason);
  }

  #take(message: Message): void {
    const isEarly = this.pieces === undefined && aboutPieces(message);
    if (!isEarly) {
      this.#owner.message(this, message);
      return;
    }
    if (this.#early.length >= MOST_EARLY_HAVES) this.close('it sent too much before it was asked');
    this.#early.push(message.kind === 'bitfield' ? { ...message, bits: message.bits.slice() } : message);
  }

  async #resumeLater(signal: AbortSignal): Promise<void> {
    const { connection } = this.stream;
    connection.pause();
    while (this.#pausedUntil > this.#clock.now() && !this.#isClosed) {
      await this.#clock
        .sleep(Math.max(1, this.#pausedUntil - this.#clock.now()), signal)
        .catch(() => this.close('the torrent was stopped'));
    }
    connection.resume();
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.stop();
    this.#owner.closed(this, reason);
  }
}

function aboutPieces({ kind }: Message): boolean {
  return kind === 'bitfield' || kind === 'have' || kind === 'haveAll' || kind === 'haveNone';
}
