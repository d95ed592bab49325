import { connect, type LookupFunction, type Socket } from 'node:net';
import { SwarmError } from '../errors.ts';

/** The fewer reads, the fewer calls into JavaScript; and it stays in the processor's cache. */
const READ_BYTES = 256 * 1024;
const CONNECT_MS = 10_000;

/** A TCP connection that is read into one buffer, as fast as whoever reads wants it. */
export class RangeSocket {
  readonly #socket: Socket;
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** Has it brought an answer before? */
  wasUsed = false;
  #bytes = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;

  /** Connects. Errors come from `next`. */
  constructor(host: string, port: number, lookup: LookupFunction) {
    const callback = (bytes: number): boolean => {
      this.#bytes = bytes;
      this.#waiting?.resolve();
      return false;
    };
    this.#socket = connect({ host, port, lookup, noDelay: true, onread: { buffer: this.#buffer, callback } });
    this.#socket.setTimeout(CONNECT_MS, () => this.#socket.destroy(timeout(host)));
    this.#socket.once('connect', () => this.#socket.setTimeout(0));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new SwarmError('UPSTREAM_UNAVAILABLE', `${host} hung up.`)));
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Does an idle connection keep the process alive? */
  set isIdle(value: boolean) {
    if (value) this.#socket.unref();
    else this.#socket.ref();
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** The next bytes; valid until the next call. Rejects when the connection ends, and why. */
  async next(): Promise<Uint8Array> {
    this.#bytes = 0;
    if (this.#failure) throw this.#failure;
    this.#waiting = Promise.withResolvers();
    this.#socket.resume();
    await this.#waiting.promise;
    return this.#buffer.subarray(0, this.#bytes);
  }

  close(reason?: Error): void {
    this.#fail(reason ?? new SwarmError('CLOSED', 'The connection was closed.'));
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    // Somebody may wait, or nobody.
    this.#waiting?.promise.catch(() => {});
  }
}

function timeout(host: string): SwarmError {
  return new SwarmError('UPSTREAM_TIMEOUT', `${host} did not let us connect in time.`);
}
