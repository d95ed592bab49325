import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { Client } from 'bittorrent-dht';
import pLimit from 'p-limit';
import { toHex } from '../base/hex.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { Discovery, DiscoverySession, SwarmMember } from '../contracts/discovery.ts';
import { SwarmError } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { DhtSession } from './dht-session.ts';
import { DhtSocket } from './dht-socket.ts';

/** Each asks a hundred nodes or so. */
const SEARCHES_AT_ONCE = 4;
const SEARCH_TIMEOUT_MS = 60_000;
/** The library gives a query up after about two seconds. */
const BOOTSTRAP_TIMEOUT_MS = 3000;
const BOOTSTRAP = [
  'router.bittorrent.com:6881',
  'router.utorrent.com:6881',
  'dht.transmissionbt.com:6881',
  'dht.libtorrent.org:25401',
];

export interface DhtOptions {
  /** UDP. 0: any that is free. */
  readonly port?: number;
  /** Where to listen: an IPv4 address. */
  readonly host?: string;
  /** `host:port` of nodes through which the others are found. Default: the well-known ones. */
  readonly bootstrap?: readonly string[];
  readonly clock?: Clock;
}

/** Our node of the DHT. */
export interface Dht extends Discovery {
  readonly port: number;
  /** A peer says that it has a node there (`port` message of BEP 5). */
  addNode(address: PeerAddress): void;
}

/**
 * Starts a node of the Mainline DHT (BEP 5, IPv4). Swarms of v2 are looked up like others, by the beginning of their hash; private
 * ones not at all.
 *
 * @throws SwarmError CONNECT_FAILED when the port is taken.
 */
export async function createDht(options: DhtOptions = {}): Promise<Dht> {
  const { port = 0, host = '0.0.0.0', bootstrap = BOOTSTRAP, clock = systemClock } = options;
  const client = new Client({ bootstrap: false, socket: new DhtSocket(clock) });
  await listen(client, port, host);
  const node = new OurNode(client, bootstrap, clock);
  return {
    port: client.address().port,
    join: (member) => node.join(member),
    addNode: (address) => node.addNode(address),
    close: () => node.close(),
  };
}

function listen(client: Client, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let listening = false;
    client.once('listening', () => {
      listening = true;
      resolve();
    });
    // Stays: an error that nobody listens for would end the process.
    client.on('error', (cause) => {
      if (listening) return;
      const error = new SwarmError('CONNECT_FAILED', `Cannot open UDP port ${port} on ${host}: ${cause.message}.`, {
        cause,
      });
      client.destroy(() => reject(error));
    });
    client.listen(port, host);
  });
}

class OurNode {
  readonly #client: Client;
  readonly #bootstrap: readonly string[];
  readonly #clock: Clock;
  readonly #sessions = new Set<DhtSession>();
  readonly #searching = new Map<string, Set<(peer: PeerAddress) => void>>();
  readonly #limit = pLimit(SEARCHES_AT_ONCE);
  readonly #stop = new AbortController();
  #bootstrapping: Promise<void> | undefined;

  constructor(client: Client, bootstrap: readonly string[], clock: Clock) {
    this.#client = client;
    this.#bootstrap = bootstrap;
    this.#clock = clock;
    client.on('peer', ({ host, port }, infoHash) => {
      for (const onPeer of this.#searching.get(toHex(infoHash)) ?? []) onPeer({ host, port });
    });
  }

  join(member: SwarmMember): DiscoverySession {
    if (member.isPrivate) return NO_SESSION;
    const search = (member: SwarmMember, onPeer: (peer: PeerAddress) => void): Promise<number> =>
      this.#limit(() => this.#search(member, onPeer));
    const session = new DhtSession(member, search, this.#clock);
    this.#sessions.add(session);
    return {
      status: () => session.status(),
      completed: () => session.completed(),
      wantMore: () => session.wantMore(),
      close: async () => {
        this.#sessions.delete(session);
        await session.close();
      },
    };
  }

  addNode({ host, port }: PeerAddress): void {
    if (!this.#stop.signal.aborted && isIPv4(host) && port > 0) this.#client.addNode({ host, port });
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new SwarmError('CLOSED', 'The DHT was closed.'));
    this.#limit.clearQueue();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await new Promise<void>((resolve) => this.#client.destroy(resolve));
  }

  /** Resolves with the number of nodes that answered: 0 also when it takes too long. */
  async #search(member: SwarmMember, onPeer: (peer: PeerAddress) => void): Promise<number> {
    const key = toHex(member.infoHash);
    const listeners = this.#searching.get(key) ?? new Set();
    this.#searching.set(key, listeners.add(onPeer));
    const { signal } = this.#stop;
    const late = (): Error => new SwarmError('CONNECT_FAILED', 'The DHT did not answer in time.');
    const deadline = { clock: this.#clock, milliseconds: SEARCH_TIMEOUT_MS, signal, late };
    try {
      return await withDeadline(deadline, async (signal) => {
        await this.#enter();
        signal.throwIfAborted();
        const nodes = await this.#lookup(member.infoHash);
        signal.throwIfAborted();
        if (nodes > 0 && member.port > 0) await this.#announce(member.infoHash, member.port);
        return nodes;
      });
    } catch {
      return 0;
    } finally {
      listeners.delete(onPeer);
      if (listeners.size === 0) this.#searching.delete(key);
    }
  }

  /** Finds the first nodes when none is known. */
  async #enter(): Promise<void> {
    if (this.#client.nodes.count() > 0 || this.#bootstrap.length === 0) return;
    this.#bootstrapping ??= this.#askBootstrapNodes().finally(() => {
      this.#bootstrapping = undefined;
    });
    await this.#bootstrapping;
  }

  async #askBootstrapNodes(): Promise<void> {
    const found = new AbortController();
    const onNode = (): void => found.abort();
    this.#client.once('node', onNode);
    await Promise.all(this.#bootstrap.map((address) => this.#askBootstrapNode(address)));
    const signal = AbortSignal.any([found.signal, this.#stop.signal]);
    await this.#clock.sleep(BOOTSTRAP_TIMEOUT_MS, signal).catch(() => {});
    this.#client.off('node', onNode);
    // Those that are nearest to us shall know us.
    if (this.#client.nodes.count() > 0) await this.#lookup(this.#client.nodeId);
  }

  async #askBootstrapNode(address: string): Promise<void> {
    const [, host, port] = /^([^:]+):(\d+)$/.exec(address) ?? [];
    if (host === undefined) return;
    try {
      // The library would take an IPv6 address as well, which its socket cannot send to.
      this.addNode({ host: (await lookup(host, { family: 4 })).address, port: Number(port) });
    } catch {
      // The others may be found; if none is, the search says that nobody answered.
    }
  }

  #lookup(infoHash: Uint8Array): Promise<number> {
    return new Promise((resolve) => this.#client.lookup(infoHash, (_, nodes = 0) => resolve(nodes)));
  }

  #announce(infoHash: Uint8Array, port: number): Promise<void> {
    return new Promise((resolve) => this.#client.announce(infoHash, port, () => resolve()));
  }
}

const NO_SESSION: DiscoverySession = {
  status: () => [],
  completed: () => {},
  wantMore: () => {},
  close: async () => {},
};
