import type { Connection, ConnectionHandler, PeerAddress } from '../contracts/connection.ts';

/** Every implementation takes messages of 64 KiB (RFC 8841, section 6.1), and larger ones bring little: 28 and 34 MB/s in Chromium. */
const MESSAGE_BYTES = 64 * 1024;
/** Chromium ends a channel with 16 MiB of unsent bytes; js-libp2p stays at 2. */
const MOST_BUFFERED = 1024 * 1024;
const LOW_BUFFERED = 256 * 1024;
/** Data channels cannot be told to wait: this much is kept while nobody reads, more than our requests in flight bring. */
const MOST_WAITING = 32 * 1024 * 1024;

/** What of `RTCDataChannel` is used. */
export type DataChannel = Pick<
  RTCDataChannel,
  | 'binaryType'
  | 'bufferedAmount'
  | 'bufferedAmountLowThreshold'
  | 'close'
  | 'onbufferedamountlow'
  | 'onclose'
  | 'onerror'
  | 'onmessage'
  | 'onopen'
  | 'readyState'
> & { send(data: Uint8Array<ArrayBuffer>): void };

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly sent: (() => void) | undefined;
  /** How much of it has gone. */
  done: number;
}

/** A data channel of WebRTC (W3C) that is open, as a stream of bytes: what is sent together goes out in messages of up to 64 KiB. */
export class ChannelConnection implements Connection {
  readonly remote: PeerAddress;
  readonly incoming: boolean;
  readonly #channel: DataChannel;
  readonly #onEnd: () => void;
  readonly #outgoing: Outgoing[] = [];
  readonly #message = new Uint8Array(MESSAGE_BYTES);
  /** What has come and nobody has read. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #outgoingBytes = 0;
  #handler: ConnectionHandler | undefined;
  #isPaused = false;
  #isDelivering = false;
  #isPumping = false;
  #isOver = false;
  #reason: string | undefined;

  /** `onEnd` is called once, when it is over: whatever carries the channel is to be closed. */
  constructor(channel: DataChannel, remote: PeerAddress, incoming: boolean, onEnd: () => void) {
    this.#channel = channel;
    this.remote = remote;
    this.incoming = incoming;
    this.#onEnd = onEnd;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_BUFFERED;
    channel.onmessage = ({ data }) => this.#received(data);
    channel.onbufferedamountlow = () => this.#pump();
    channel.onclose = () => this.#end('the other side hung up');
    channel.onerror = () => this.#end('the connection was lost');
  }

  get queued(): number {
    return this.#outgoingBytes + this.#channel.bufferedAmount;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#isOver) queueMicrotask(() => this.#tellEnd());
    else this.#deliver();
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    if (this.#isOver) {
      sent?.();
      return;
    }
    this.#outgoing.push({ bytes, sent, done: 0 });
    this.#outgoingBytes += bytes.length;
    if (this.#isPumping) return;
    // What is sent in the same turn goes along.
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  close(reason: string): void {
    this.#end(reason);
  }

  #pump(): void {
    try {
      while (!this.#isOver && this.#outgoing.length > 0 && this.#channel.bufferedAmount < MOST_BUFFERED) {
        const [length, sent] = this.#nextMessage();
        this.#channel.send(this.#message.subarray(0, length));
        for (const tell of sent) tell();
      }
    } catch (error) {
      this.#end(error instanceof Error ? error.message : 'the channel is closed');
    }
  }

  /** Fills the message with what is to be sent next; returns its length, and whom to tell when it has gone. */
  #nextMessage(): [length: number, sent: (() => void)[]] {
    const sent: (() => void)[] = [];
    let length = 0;
    for (let next = this.#outgoing[0]; next && length < MESSAGE_BYTES; next = this.#outgoing[0]) {
      const part = next.bytes.subarray(next.done, next.done + MESSAGE_BYTES - length);
      this.#message.set(part, length);
      length += part.length;
      next.done += part.length;
      if (next.done < next.bytes.length) break;
      this.#outgoing.shift();
      if (next.sent) sent.push(next.sent);
    }
    this.#outgoingBytes -= length;
    return [length, sent];
  }

  #received(data: unknown): void {
    if (this.#isOver) return;
    if (!(data instanceof ArrayBuffer)) {
      this.#end('it sent text where bytes belong');
      return;
    }
    this.#waiting.push(new Uint8Array(data));
    this.#waitingBytes += data.byteLength;
    if (this.#waitingBytes > MOST_WAITING) this.#end('it sends more than it was asked for');
    else this.#deliver();
  }

  #deliver(): void {
    // Who goes on reading in the middle of a message gets the next one after it.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#handler && !this.#isPaused && !this.#isOver) {
      const bytes = this.#waiting.shift();
      if (!bytes) break;
      this.#waitingBytes -= bytes.length;
      this.#handler.data(bytes);
    }
    this.#isDelivering = false;
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.#waiting.length = 0;
    const unsent = this.#outgoing.splice(0);
    this.#outgoingBytes = 0;
    this.#channel.close();
    this.#onEnd();
    for (const { sent } of unsent) sent?.();
    queueMicrotask(() => this.#tellEnd());
  }

  #tellEnd(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed(this.#reason ?? 'the connection was lost');
  }
}
