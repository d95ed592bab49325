import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import { dhtMessageKind } from './dht-message.ts';

const QUERIES_PER_SECOND = 200;
const QUERY_BURST = 1000;

/** Addresses that no node can have, but that other nodes may tell us: this network, multicast, broadcast. */
const NOBODY = /^(0|22[4-9]|2[3-5]\d)\./;

interface SocketEvents {
  message: [bytes: Buffer, from: RemoteInfo];
  listening: [];
  error: [error: Error];
  close: [];
}

/**
 * What the DHT library gets as its socket: lets sane messages through, at most 200 queries per second, and swallows what the
 * library throws over one of them, so that no packet ends the process.
 */
export class DhtSocket extends EventEmitter<SocketEvents> {
  readonly #socket: Socket = createSocket('udp4');
  readonly #queries: TokenBucket;
  #closed = false;

  constructor(clock: Clock) {
    super();
    this.#queries = new TokenBucket({ perSecond: QUERIES_PER_SECOND, burst: QUERY_BURST, clock });
    this.#socket.on('message', (bytes, from) => this.#received(bytes, from));
    this.#socket.on('listening', () => this.emit('listening'));
    this.#socket.on('error', (error) => this.emit('error', error));
    this.#socket.on('close', () => this.emit('close'));
  }

  bind(port: number, host: string): void {
    this.#socket.bind(port, host);
  }

  address(): AddressInfo {
    return this.#socket.address();
  }

  send(
    bytes: Buffer,
    offset: number,
    length: number,
    port: number,
    host: string,
    sent: (error: Error | null) => void,
  ): void {
    if (this.#closed || port < 1 || port > 65_535 || NOBODY.test(host)) return;
    this.#socket.send(bytes, offset, length, port, host, sent);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    const kind = dhtMessageKind(bytes);
    if (this.#closed || kind === undefined) return;
    if (kind === 'query' && this.#queries.tryTake(1) > 0) return;
    try {
      this.emit('message', bytes, from);
    } catch {
      // The message is lost, as packets may be.
    }
  }
}
