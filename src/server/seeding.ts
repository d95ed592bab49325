import { VERSION } from '../base/version.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery } from '../contracts/discovery.ts';
import type { HashPool } from '../contracts/hasher.ts';
import { createHttpTracker } from '../discovery/http-tracker.ts';
import type { TrackerClient } from '../discovery/tracker-client.ts';
import { createUdpTracker } from '../discovery/udp-tracker.ts';
import { Swarm } from '../swarm/swarm.ts';
import { Announcer, type AnnouncerOptions } from '../torrents/announcer.ts';
import { Seeder, type SeederOptions } from '../torrents/seeder.ts';
import { createTcpTransport } from '../transport/tcp.ts';

/** Peers at a time. */
const MOST_PEERS = 500;
const MOST_PEERS_PER_TORRENT = 100;

export interface SeedingOptions extends SeederOptions {
  readonly refs: AnnouncerOptions['refs'];
  readonly trackers: readonly string[];
  readonly hashing: HashPool;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
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
  const swarm = new Swarm({
    clock,
    hashing,
    peerId,
    random: Math.random,
    randomBytes,
    client: `modelswarm ${VERSION}`,
    transport: createTcpTransport({ host, port }),
    encryption: 'allowed',
    connections: MOST_PEERS,
    connectionsPerTorrent: MOST_PEERS_PER_TORRENT,
    limits: {},
    discoveryFor: () => NOBODY,
    idle: seeder,
  });
  await swarm.listen();
  seeder.serve(swarm);
  const udp = createUdpTracker();
  const http = createHttpTracker({ clock, userAgent: `modelswarm/${VERSION}` });
  const clients: Readonly<Record<string, TrackerClient>> = { 'http:': http, 'https:': http, 'udp:': udp };
  const announcer = new Announcer({
    ...{ torrents, refs, trackers, peerId, clock, logger },
    clientOf: (url) => clients[new URL(url).protocol],
    port: () => swarm.port,
  });
  logger.info({ host, port: swarm.port }, 'seeding: peers are let in');
  return {
    seeder,
    port: () => swarm.port,
    announce: (infoHash) => announcer.made(infoHash),
    async close() {
      announcer.close();
      await seeder.close();
      await udp.close();
    },
  };
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
