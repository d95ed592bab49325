import { isIPv4 } from 'node:net';
import { VERSION } from '../base/version.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery } from '../contracts/discovery.ts';
import type { HashPool } from '../contracts/hasher.ts';
import { combineDiscovery } from '../discovery/combine.ts';
import { createHttpTracker } from '../discovery/http-tracker.ts';
import { createLsd } from '../discovery/lsd.ts';
import type { TrackerClient } from '../discovery/tracker-client.ts';
import { createUdpTracker } from '../discovery/udp-tracker.ts';
import { isSwarmError } from '../errors.ts';
import { Swarm } from '../swarm/swarm.ts';
import { Announcer, type AnnouncerOptions } from '../torrents/announcer.ts';
import { Presence } from '../torrents/presence.ts';
import { Seeder, type SeederOptions } from '../torrents/seeder.ts';
import { mapPort } from '../transport/port-mapping.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { isLoopbackName } from './host-check.ts';

/** Where BitTorrent clients have always listened. */
const USUAL_PORT = 6881;
/** Peers at a time. */
const MOST_PEERS = 500;
const MOST_PEERS_PER_TORRENT = 100;

export interface SeedingOptions extends SeederOptions {
  readonly refs: AnnouncerOptions['refs'];
  readonly trackers: readonly string[];
  readonly hashing: HashPool;
  readonly host: string;
  /** Undefined: 6881, or a free one if that is taken. */
  readonly port: number | undefined;
  readonly clock: Clock;
  readonly dht: boolean;
  /** Undefined: unless peers are served on loopback only. */
  readonly lsd: boolean | undefined;
  /** `host:port`; none: the well-known ones. */
  readonly dhtNodes: readonly string[];
  readonly mapPort: boolean;
}

/** The server as a peer. */
export interface Seeding {
  readonly seeder: Seeder;
  /** Where peers are let in; 0 until then. */
  readonly port: () => number;
  /** A torrent is there: trackers are told. */
  announce(infoHash: Uint8Array): void;
  close(): Promise<void>;
}

/** Opens the port on which peers get what was made. Rejects with CONNECT_FAILED when it is taken. */
export async function openSeeding(options: SeedingOptions): Promise<Seeding> {
  const { clock, hashing, host, port, trackers, torrents, refs, logger } = options;
  const seeder = new Seeder(options);
  const peerId = newPeerId();
  const openSwarm = async (at: number): Promise<Swarm> => {
    const swarm = new Swarm({
      clock,
      hashing,
      peerId,
      random: Math.random,
      randomBytes,
      client: `modelswarm ${VERSION}`,
      transport: createTcpTransport({ host, port: at }),
      encryption: 'allowed',
      connections: MOST_PEERS,
      connectionsPerTorrent: MOST_PEERS_PER_TORRENT,
      limits: {},
      discoveryFor: () => NOBODY,
      idle: seeder,
    });
    await swarm.listen();
    return swarm;
  };
  const swarm = await openSwarm(port ?? USUAL_PORT).catch((error: unknown) => {
    if (port !== undefined || !isSwarmError(error, 'CONNECT_FAILED')) throw error;
    return openSwarm(0);
  });
  seeder.serve(swarm);
  const udp = createUdpTracker();
  const http = createHttpTracker({ clock, userAgent: `modelswarm/${VERSION}` });
  const clients: Readonly<Record<string, TrackerClient>> = { 'http:': http, 'https:': http, 'udp:': udp };
  const announcer = new Announcer({
    ...{ torrents, refs, trackers, peerId, clock, logger },
    clientOf: (url) => clients[new URL(url).protocol],
    port: () => swarm.port,
  });
  const discovery = await openDiscovery(options, swarm.port);
  const presence = discovery && new Presence({ discovery, torrents, refs, peerId, port: swarm.port, clock });
  const mapping = options.mapPort ? mapPort({ port: swarm.port, udp: options.dht }) : undefined;
  void mapping?.done.then((result) => logger.info({ port: swarm.port, ...result }, 'seeding: the router was asked'));
  logger.info({ host, port: swarm.port }, 'seeding: peers are let in');
  return {
    seeder,
    port: () => swarm.port,
    announce(infoHash) {
      announcer.made(infoHash);
      presence?.made();
    },
    async close() {
      announcer.close();
      await mapping?.close();
      await presence?.close();
      await seeder.close();
      await udp.close();
    },
  };
}

/** The ways of being found without a tracker; undefined: none. */
async function openDiscovery(options: SeedingOptions, port: number): Promise<Discovery | undefined> {
  const { host, clock, logger, dhtNodes } = options;
  const ways: Discovery[] = [];
  if (options.lsd ?? !isLoopbackName(host)) ways.push(createLsd({ clock }));
  if (options.dht) {
    const { createDht } = await import('../discovery/dht.ts');
    const bootstrap = dhtNodes.length > 0 ? { bootstrap: dhtNodes } : {};
    const address = isIPv4(host) ? { host } : {};
    try {
      ways.push(await createDht({ port, clock, ...bootstrap, ...address }));
    } catch (error) {
      // Peers that have a magnet link or a tracker do not need it.
      logger.warn({ port, error: String(error) }, 'seeding: no DHT');
    }
  }
  return ways.length > 0 ? combineDiscovery(ways) : undefined;
}

/** Peers come to us; we look for none. */
const NOBODY: Discovery = {
  join: () => ({ status: () => [], completed: () => {}, wantMore: () => {}, close: async () => {} }),
  close: async () => {},
};

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function newPeerId(): Uint8Array {
  const id = randomBytes(20);
  id.set(new TextEncoder().encode('-MS0100-'));
  return id;
}
