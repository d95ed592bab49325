import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';

/** Bytes that may wait for a reader; one that is slower is dropped, not waited for. */
const MOST_QUEUED = 2 * 2 ** 20;
/** A pair that was introduced one way is not introduced the other way for so long: both would offer (glare). */
const INTRODUCED_MS = 10_000;
const MOST_INTRODUCED = 200;
/** For the answer to a ping, on the slowest of networks. */
const PATIENCE_MS = 20_000;

/** How much one socket may say. `undefined`: as much as it likes. */
export interface SocketLimits {
  /** Messages per second, and at once. */
  readonly messages: number;
  readonly messageBurst: number;
  /** Swarms that it may be in at a time. */
  readonly swarms: number;
}

/** A page with a hundred torrents that were opened together says 200 things at once. */
export const USUAL_SOCKET_LIMITS: SocketLimits = { messages: 50, messageBurst: 1000, swarms: 1000 };

/** One WebSocket of the tracker: what it has joined, and the way to it. */
export class WsConnection {
  readonly number: number;
  /** Whom limits count it for. */
  readonly client: string;
  readonly ticket: string | undefined;
  /** Swarm and peer id, 40 characters, of each peer that came in by it. */
  readonly joined: Set<string> = new Set<string>();
  /** When it was asked whether anybody is there, while that has not been answered. */
  #doubtedAt: number | undefined;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #bucket: TokenBucket | undefined;
  readonly #clock: Clock;
  readonly #introduced = new Map<number, number>();
  #isCorked = false;

  constructor(options: {
    readonly number: number;
    readonly client: string;
    readonly ticket: string | undefined;
    readonly socket: WebSocket;
    readonly stream: Duplex;
    readonly limits: SocketLimits | undefined;
    readonly clock: Clock;
  }) {
    const { number, client, ticket, socket, stream, limits, clock } = options;
    this.number = number;
    this.client = client;
    this.ticket = ticket;
    this.#socket = socket;
    this.#stream = stream;
    this.#clock = clock;
    this.#bucket = limits && new TokenBucket({ clock, perSecond: limits.messages, burst: limits.messageBurst });
  }

  /** May it say something now? Counts it. */
  admits(): boolean {
    return this.#bucket === undefined || this.#bucket.tryTake(1) === 0;
  }

  /** Sends a message. What is sent in one turn of the event loop goes out in one write. */
  send(text: string): void {
    if (this.#stream.writableLength > MOST_QUEUED) {
      this.#socket.terminate();
      return;
    }
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#socket.send(text);
  }

  /** Remembers that an offer of `other` was passed on to this one. */
  introduce(other: number): void {
    if (this.#introduced.size >= MOST_INTRODUCED) this.#introduced.clear();
    this.#introduced.set(other, this.#clock.now());
  }

  /** Has `other` offered to this one a moment ago? */
  wasIntroduced(other: number): boolean {
    const at = this.#introduced.get(other);
    return at !== undefined && this.#clock.now() - at < INTRODUCED_MS;
  }

  /** Asks whether anybody is there; who was asked long ago and has not answered is dropped. However often others make us ask. */
  check(): void {
    if (this.#doubtedAt === undefined) {
      this.#doubtedAt = this.#clock.now();
      this.#socket.ping();
    } else if (this.#clock.now() - this.#doubtedAt >= PATIENCE_MS) this.#socket.terminate();
  }

  /** It has answered. */
  isThere(): void {
    this.#doubtedAt = undefined;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  end(): void {
    this.#socket.terminate();
  }
}
