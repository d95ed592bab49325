import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Connection, ConnectionHandler, Listener, PeerAddress, Transport } from '../contracts/connection.ts';
import { SwarmError } from '../errors.ts';

/** One buffer per outgoing connection; the fewer reads, the fewer calls into JavaScript. */
const READ_BYTES = 256 * 1024;

export interface TcpOptions {
  /** Where to listen. Default: all addresses, of IPv6 too where the machine has it. Port 0: any that is free. */
  readonly host?: string;
  readonly port?: number;
}

/** BitTorrent over TCP. */
export function createTcpTransport({ host, port = 0 }: TcpOptions = {}): Transport {
  return {
    connect: connectTo,
    listen: (onConnection) =>
      host === undefined ? listenEverywhere(port, onConnection) : listenOn(host, port, onConnection),
  };
}

function connectTo(remote: PeerAddress, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const buffer = new Uint8Array(READ_BYTES);
    let connection: TcpConnection | undefined;
    const callback = (bytes: number): boolean => {
      connection?.received(buffer.subarray(0, bytes));
      return true;
    };
    const socket = connect({ ...remote, noDelay: true, onread: { buffer, callback } });
    const onAbort = (): void => void socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    const fail = (reason: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      reject(reason);
    };
    const onClose = (): void => fail(signal.aborted ? signal.reason : connectFailed(remote, 'it hung up'));
    socket.once('close', onClose);
    socket.once('error', (error) => fail(connectFailed(remote, error.message)));
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('close', onClose);
      connection = new TcpConnection(socket, remote, false);
      resolve(connection);
    });
  });
}

async function listenEverywhere(port: number, onConnection: (connection: Connection) => void): Promise<Listener> {
  try {
    return await listenOn('::', port, onConnection);
  } catch (error) {
    const { cause } = error as Error;
    if (!/EAFNOSUPPORT|EADDRNOTAVAIL/.test(cause instanceof Error ? cause.message : '')) throw error;
    return await listenOn('0.0.0.0', port, onConnection);
  }
}

async function listenOn(host: string, port: number, onConnection: (connection: Connection) => void): Promise<Listener> {
  const server = createServer({ noDelay: true }, (socket) => {
    const { remoteAddress, remotePort } = socket;
    // It is gone already.
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
    const connection = new TcpConnection(socket, { host: plainIpv4(remoteAddress), port: remotePort }, true);
    // Not as a Buffer, whose `slice` makes no copies.
    socket.on('data', ({ buffer, byteOffset, length }: Buffer) =>
      connection.received(new Uint8Array(buffer, byteOffset, length)),
    );
    onConnection(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new SwarmError('CONNECT_FAILED', `Cannot listen on ${host}:${port}: ${error.message}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  server.on('error', () => {});
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () => closeServer(server),
  };
}

/** Resolves at once: the server's own callback waits for connections that others own. */
async function closeServer(server: Server): Promise<void> {
  server.close();
}

/** IPv4 peers of a socket that listens for both look like `::ffff:1.2.3.4`. */
function plainIpv4(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function connectFailed({ host, port }: PeerAddress, reason: string): SwarmError {
  return new SwarmError('CONNECT_FAILED', `Cannot connect to the peer ${host}:${port}: ${reason}.`);
}

class TcpConnection implements Connection {
  readonly remote: PeerAddress;
  readonly incoming: boolean;
  readonly #socket: Socket;
  #handler: ConnectionHandler | undefined;
  #reason: string | undefined;

  constructor(socket: Socket, remote: PeerAddress, incoming: boolean) {
    this.#socket = socket;
    this.remote = remote;
    this.incoming = incoming;
    socket.on('error', (error) => (this.#reason ??= error.message));
    socket.on('end', () => (this.#reason ??= 'the other side hung up'));
    socket.on('close', () => this.#end());
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#socket.destroyed) queueMicrotask(() => this.#end());
  }

  received(bytes: Uint8Array): void {
    this.#handler?.data(bytes);
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    if (this.#socket.destroyed) sent?.();
    else this.#socket.write(bytes, sent && (() => sent()));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(reason: string): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #end(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed(this.#reason ?? 'the connection was lost');
  }
}
