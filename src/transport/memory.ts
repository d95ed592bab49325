import type { Clock } from '../contracts/clock.ts';
import type { Connection, ConnectionHandler, Listener, PeerAddress, Transport } from '../contracts/connection.ts';
import { SwarmError } from '../errors.ts';

/** How the wire between two hosts behaves. */
export interface MemoryLink {
  /** Milliseconds that every message takes. */
  readonly latency: number;
  /** Bytes per second in each direction; unlimited when left out. */
  readonly rate?: number;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Default: no delay but a turn of the event loop. */
  readonly link?: (from: string, to: string) => MemoryLink;
}

/**
 * A network inside of the process, for simulations: hosts are names, time is the clock's, and bytes arrive in order, whole and when the link
 * says. It is deterministic when the clock is.
 */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #listeners = new Map<string, (connection: Connection) => void>();
  readonly #open = new Map<string, Set<MemoryConnection>>();
  #nextPort = 50_000;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** The network as one host sees it. It listens on `port`. */
  transport(host: string, port: number): Transport {
    return {
      connect: async (address, signal) => {
        await this.#delay(host, address.host);
        signal.throwIfAborted();
        const accept = this.#listeners.get(`${address.host}:${address.port}`);
        if (!accept) throw new SwarmError('CONNECT_FAILED', `Nobody listens on ${address.host}:${address.port}.`);
        const [near, far] = this.#pair({ host, port: this.#nextPort++ }, address);
        accept(far);
        return near;
      },
      listen: async (onConnection): Promise<Listener> => {
        const key = `${host}:${port}`;
        if (this.#listeners.has(key)) throw new SwarmError('CONNECT_FAILED', `${key} is in use.`);
        this.#listeners.set(key, onConnection);
        return { port, close: async () => void this.#listeners.delete(key) };
      },
    };
  }

  /** Ends all connections of a host, as if it had been unplugged. */
  unplug(host: string): void {
    for (const connection of [...(this.#open.get(host) ?? [])]) connection.close('unplugged');
  }

  #pair(client: PeerAddress, server: PeerAddress): [MemoryConnection, MemoryConnection] {
    const near = new MemoryConnection(server, false, this.#options.clock, this.#link(client.host, server.host));
    const far = new MemoryConnection(client, true, this.#options.clock, this.#link(server.host, client.host));
    near.peer = far;
    far.peer = near;
    this.#track(client.host, near);
    this.#track(server.host, far);
    return [near, far];
  }

  #track(host: string, connection: MemoryConnection): void {
    const open = this.#open.get(host) ?? new Set();
    this.#open.set(host, open.add(connection));
    connection.onEnd = () => open.delete(connection);
  }

  #link(from: string, to: string): MemoryLink {
    return this.#options.link?.(from, to) ?? { latency: 0 };
  }

  #delay(from: string, to: string): Promise<void> {
    return this.#options.clock.sleep(this.#link(from, to).latency);
  }
}

class MemoryConnection implements Connection {
  readonly remote: PeerAddress;
  readonly incoming: boolean;
  peer: MemoryConnection | undefined;
  onEnd: () => void = () => {};
  queued = 0;
  readonly #clock: Clock;
  readonly #link: MemoryLink;
  #handler: ConnectionHandler | undefined;
  #waiting: Uint8Array[] = [];
  #paused = false;
  #ended = false;
  /** The wire is taken until then. */
  #busyUntil = 0;

  constructor(remote: PeerAddress, incoming: boolean, clock: Clock, link: MemoryLink) {
    this.remote = remote;
    this.incoming = incoming;
    this.#clock = clock;
    this.#link = link;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.#flush();
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    if (this.#ended) {
      sent?.();
      return;
    }
    const { latency, rate } = this.#link;
    const now = this.#clock.now();
    const duration = rate === undefined ? 0 : (bytes.length * 1000) / rate;
    this.#busyUntil = Math.max(now, this.#busyUntil) + duration;
    this.queued += bytes.length;
    const copy = new Uint8Array(bytes);
    void this.#clock.sleep(this.#busyUntil - now).then(() => {
      this.queued -= bytes.length;
      sent?.();
    });
    void this.#clock.sleep(this.#busyUntil - now + latency).then(() => this.peer?.arrive(copy));
  }

  arrive(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#waiting.push(bytes);
    this.#flush();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
  }

  close(reason: string): void {
    this.#end(reason);
    const { peer } = this;
    void this.#clock.sleep(this.#link.latency).then(() => peer?.hungUp());
  }

  hungUp(): void {
    this.#end('the other side hung up');
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd();
    this.#waiting = [];
    queueMicrotask(() => this.#handler?.closed(reason));
  }

  #flush(): void {
    while (this.#handler && !this.#paused && !this.#ended) {
      const bytes = this.#waiting.shift();
      if (!bytes) return;
      this.#handler.data(bytes);
    }
  }
}
