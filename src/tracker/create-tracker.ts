import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { SwarmState } from '../contracts/swarm-state.ts';
import { createClientAddressReader } from '../http/client-address.ts';
import { MemorySwarmState } from '../swarm-state/memory-swarm-state.ts';
import { createHttpFront } from './http-front.ts';
import { HttpTracker } from './http-tracker.ts';
import type { OwnSeed } from './options.ts';
import { TrackerPolicy, type TrackerPolicyOptions, USUAL_LIMITS } from './policy.ts';
import { RawHttp } from './raw-http.ts';
import { TrackerCore, type TrackerCounters } from './tracker-core.ts';
import { openUdpFront, type UdpFront } from './udp-front.ts';
import { USUAL_SOCKET_LIMITS } from './ws-connection.ts';
import { WsFront } from './ws-front.ts';

const USUAL_INTERVAL_SECONDS = 600;
/** About 1 GB of memory, if each is in a swarm of its own. */
const USUAL_MOST_PEERS = 5_000_000;
const MOST_SOCKETS_PER_CLIENT = 5000;
/** How often those who have gone silent are looked for, when nobody comes. */
const EXPIRE_MS = 10_000;

export interface TrackerSettings {
  /** Seconds between two announces of a peer, give or take a tenth. Default 600. */
  readonly intervalSeconds?: number;
  /** Peers of all swarms together. Default 5,000,000. */
  readonly mostPeers?: number;
  /** Limits per address and socket: `usual` (default), or `off` for a tracker behind something that limits already. */
  readonly limits?: 'usual' | 'off';
  /** Which torrents may use it. Default: all. */
  readonly isAllowed?: TrackerPolicyOptions['isAllowed'];
  readonly tickets?: TrackerPolicyOptions['tickets'];
  /** Pages whose browsers may use it. Default: all. */
  readonly origins?: readonly string[];
  /** Addresses or CIDR networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** This server itself, where it seeds. */
  readonly ownSeed?: OwnSeed;
  readonly clock?: Clock;
  /** Default: in the memory of this process. */
  readonly state?: SwarmState;
}

/** How a tracker stands; no addresses, no info-hashes. */
export interface TrackerStats {
  readonly swarms: number;
  readonly peers: number;
  readonly sockets: number;
  readonly counters: Readonly<TrackerCounters>;
}

/** A tracker, to be mounted on a server of Node's. */
export interface Tracker {
  /**
   * The short way: announces are answered on the socket itself, before the parser of this server; `handle` is for what that leaves to it. To be called before
   * anybody else listens to its connections.
   */
  attach(server: Server): void;
  /** Answers `/announce` and `/scrape`; false: it is another path. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  /** Takes the upgrade to a WebSocket on `/announce` or `/`; false: it is another path. */
  upgrade(incoming: IncomingMessage, stream: Duplex, head: Buffer): boolean;
  /** Opens it over UDP, too. Returns the port. Rejects with CONFIG when that is taken. */
  listenUdp(host: string, port: number): Promise<number>;
  /** How one swarm stands. */
  counts: TrackerCore['counts'];
  /** How a torrent stands, by all its hashes. */
  countsOf: TrackerCore['countsOf'];
  stats(): TrackerStats;
  /** Ends its sockets. Idempotent. */
  close(): Promise<void>;
}

/** Makes a tracker for browsers and native clients: WebSocket, HTTP and UDP over one state. Throws CONFIG for proxies that are no addresses. */
export function createTracker(settings: TrackerSettings = {}): Tracker {
  const {
    clock = systemClock,
    intervalSeconds = USUAL_INTERVAL_SECONDS,
    limits = 'usual',
    trustedProxies = [],
  } = settings;
  // Twice the longest interval, and some.
  const ttlMs = intervalSeconds * 2500;
  const state =
    settings.state ?? new MemorySwarmState({ clock, ttlMs, mostPeers: settings.mostPeers ?? USUAL_MOST_PEERS });
  const { isAllowed, tickets, origins = [] } = settings;
  const policy = new TrackerPolicy({
    ...{ limits: limits === 'off' ? undefined : USUAL_LIMITS, clock },
    ...(isAllowed && { isAllowed }),
    ...(tickets && { tickets }),
  });
  const core = new TrackerCore({
    state,
    policy,
    clock,
    random: Math.random,
    intervalSeconds,
    ownSeed: settings.ownSeed,
  });
  const addressOf = createClientAddressReader(trustedProxies);
  const http = new HttpTracker(core);
  const socketLimits = limits === 'off' ? undefined : USUAL_SOCKET_LIMITS;
  const ws = new WsFront({
    ...{ core, clock, addressOf, origins, limits: socketLimits },
    mostSocketsPerClient: MOST_SOCKETS_PER_CLIENT,
  });
  const udp: UdpFront[] = [];
  const raws: RawHttp[] = [];
  const stop = new AbortController();
  let closing: Promise<void> | undefined;

  async function expireForever(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(EXPIRE_MS, stop.signal).catch(() => {});
      state.expire();
    }
  }
  void expireForever();

  return {
    handle: createHttpFront(http, addressOf),
    attach(server) {
      // Behind a proxy a connection is many people's, and a header says whose.
      if (trustedProxies.length === 0) raws.push(new RawHttp(http, server, addressOf));
    },
    upgrade(incoming, stream, head) {
      if (!/^\/(announce\/?)?(\?|$)/.test(incoming.url ?? '')) return false;
      ws.upgrade(incoming, stream, head);
      return true;
    },
    async listenUdp(host, port) {
      const front = await openUdpFront({ core, clock, host, port });
      udp.push(front);
      return front.port;
    },
    counts: (infoHash) => core.counts(infoHash),
    countsOf: (infoHashes) => core.countsOf(infoHashes),
    stats: () => ({ ...state.size, sockets: ws.connections, counters: { ...core.counters } }),
    close() {
      stop.abort();
      for (const raw of raws) raw.close();
      closing ??= Promise.all([ws.close(), ...udp.map((front) => front.close())]).then(() => {});
      return closing;
    },
  };
}
