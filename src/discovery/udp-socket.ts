import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Clock } from '../contracts/clock.ts';
import { decodeUdpAnswer, type UdpAnswer } from './udp-messages.ts';

/** Where a tracker is. */
export interface Endpoint {
  readonly family: 4 | 6;
  /** As dgram writes it. */
  readonly address: string;
  readonly port: number;
}

interface Waiting {
  readonly endpoint: Endpoint;
  readonly action: UdpAnswer['action'];
  settle(result: UdpAnswer | Error): void;
}

/** The one socket for all trackers with addresses of one family. It is open while somebody waits, and for as long as nothing goes wrong. */
export class UdpTrackerSocket {
  readonly #family: 4 | 6;
  readonly #clock: Clock;
  readonly #randomId: () => number;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | undefined;

  constructor(family: 4 | 6, options: { readonly clock: Clock; readonly randomId: () => number }) {
    this.#family = family;
    this.#clock = options.clock;
    this.#randomId = options.randomId;
  }

  /**
   * Sends one packet and waits for what answers it: from the same address, with the same transaction and the same action, or an
   * error. Undefined when nothing comes in time. Rejects when it cannot be sent, or with `signal.reason`.
   */
  async ask(
    endpoint: Endpoint,
    action: UdpAnswer['action'],
    encode: (transaction: number) => Uint8Array,
    options: { readonly milliseconds: number; readonly signal: AbortSignal },
  ): Promise<UdpAnswer | undefined> {
    options.signal.throwIfAborted();
    const transaction = this.#freeTransaction();
    const done = new AbortController();
    const time = this.#clock.sleep(options.milliseconds, AbortSignal.any([options.signal, done.signal]));
    time.catch(() => {});
    const answer = new Promise<UdpAnswer>((resolve, reject) => {
      const settle = (result: UdpAnswer | Error): void => (result instanceof Error ? reject(result) : resolve(result));
      this.#waiting.set(transaction, { endpoint, action, settle });
      this.#send(encode(transaction), endpoint, settle);
    });
    try {
      return await Promise.race([answer, time.then(() => undefined)]);
    } finally {
      done.abort();
      this.#waiting.delete(transaction);
      if (this.#waiting.size === 0) this.#socket?.unref();
    }
  }

  async close(): Promise<void> {
    this.#drop(new Error('the socket was closed'));
  }

  #send(packet: Uint8Array, { address, port }: Endpoint, settle: (result: Error) => void): void {
    this.#socket ??= this.#open();
    this.#socket.ref();
    this.#socket.send(packet, port, address, (error) => {
      if (error) settle(error);
    });
  }

  #open(): Socket {
    const socket = this.#family === 4 ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true });
    socket.on('message', (bytes, from) => this.#received(bytes, from));
    socket.on('error', (error) => {
      if (this.#socket === socket) this.#drop(error);
    });
    return socket;
  }

  #received(bytes: Uint8Array, from: RemoteInfo): void {
    const answer = decodeUdpAnswer(bytes, this.#family);
    const waiting = answer && this.#waiting.get(answer.transaction);
    if (!waiting || waiting.endpoint.port !== from.port || waiting.endpoint.address !== from.address) return;
    if (answer.action === waiting.action || answer.action === 'error') waiting.settle(answer);
  }

  #drop(error: Error): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const { settle } of this.#waiting.values()) settle(error);
  }

  #freeTransaction(): number {
    for (;;) {
      const transaction = this.#randomId();
      if (!this.#waiting.has(transaction)) return transaction;
    }
  }
}
