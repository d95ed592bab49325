import { systemClock } from '../base/system-clock.ts';
import { VERSION } from '../base/version.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery } from '../contracts/discovery.ts';
import { combineDiscovery } from '../discovery/combine.ts';
import type { Dht } from '../discovery/dht.ts';
import { createLsd } from '../discovery/lsd.ts';
import { createTrackerDiscovery } from '../discovery/tracker-discovery.ts';
import { createUdpTracker, type UdpTracker } from '../discovery/udp-tracker.ts';
import { createWsTrackers, type WsTrackers } from '../discovery/ws-tracker.ts';
import { isSwarmError } from '../errors.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { createResumeFiles } from '../storage/resume-files.ts';
import { Swarm } from '../swarm/swarm.ts';
import { mapPort, type PortMapping } from '../transport/port-mapping.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { createWebRtcTransport } from '../transport/webrtc.ts';
import { WebRtcHalf } from '../transport/webrtc-half.ts';
import { Client } from './client.ts';
import type { ClientOptions } from './options.ts';
import { newPeerId, randomBytes } from './peer-id.ts';

/**
 * Opens a client of BitTorrent v1, v2 and hybrid torrents. Rejects with CONNECT_FAILED when a port is taken.
 */
export async function createClient(options: ClientOptions = {}): Promise<Client> {
  const { clock = systemClock, fetch = globalThis.fetch, port = 0, host } = options;
  const hashing = createHashPool(options.hashThreads === undefined ? {} : { threads: options.hashThreads });
  const udp = createUdpTracker();
  let dht: Dht | undefined;
  let mapping: PortMapping | undefined;
  const lsd = options.lsd === false ? undefined : createLsd({ clock });
  const wsTrackers = wsTrackersOf(options, clock);
  const swarm = new Swarm({
    clock,
    random: options.random ?? Math.random,
    randomBytes,
    hashing,
    peerId: newPeerId(),
    client: `modelswarm ${VERSION}`,
    transport: createTcpTransport({ port: port || 0, ...(host === undefined ? {} : { host }) }),
    encryption: options.encryption ?? 'allowed',
    connections: options.connections ?? 200,
    connectionsPerTorrent: options.connectionsPerTorrent ?? 60,
    limits: { down: options.maxDownRate, up: options.maxUpRate },
    resume: options.stateDir === undefined ? undefined : createResumeFiles(options.stateDir),
    discoveryFor: (trackers) => {
      const browsers = wsTrackers?.discovery(trackers.flat());
      const ways: (Discovery | undefined)[] = [trackersOf(options, trackers, udp, fetch), browsers, dht, lsd];
      return combineDiscovery(ways.filter((way) => way !== undefined));
    },
  });
  const closers = [
    async () => mapping?.close(),
    () => udp.close(),
    async () => dht?.close(),
    async () => lsd?.close(),
    () => hashing.close(),
  ];
  const { random = Math.random, hub = {} } = options;
  const client = new Client({ swarm, fetch, hashing, clock, random, hub, mapping: () => mapping, closers });
  try {
    if (port !== false) await swarm.listen();
    dht = await openDht(options, swarm.port);
    if (options.mapPort && swarm.port > 0) mapping = mapPort({ port: swarm.port, udp: dht?.port === swarm.port });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

function trackersOf(
  { trackers = true, clock = systemClock }: ClientOptions,
  tiers: readonly (readonly string[])[],
  udp: UdpTracker,
  fetch: typeof globalThis.fetch,
): Discovery | undefined {
  if (!trackers) return undefined;
  return createTrackerDiscovery({ tiers, fetch, udp, clock, userAgent: `modelswarm/${VERSION}` });
}

/** The way to browsers. */
function wsTrackersOf({ trackers = true, createPeerConnection }: ClientOptions, clock: Clock): WsTrackers | undefined {
  if (!trackers || !createPeerConnection) return undefined;
  return createWsTrackers({
    transport: createWebRtcTransport((events) => new WebRtcHalf({ create: createPeerConnection, clock, ...events })),
    clock,
    randomBytes,
  });
}

/** As everybody does, on the number of the TCP port, if that is free for UDP, too. */
async function openDht({ dht = true, clock = systemClock }: ClientOptions, port: number): Promise<Dht | undefined> {
  if (dht === false) return undefined;
  const wishes = dht === true ? {} : dht;
  // Loaded when it is wanted: with what it needs it has 6 MB.
  const { createDht } = await import('../discovery/dht.ts');
  const isChosen = wishes.port !== undefined;
  return await createDht({ port, ...wishes, clock }).catch((error: unknown) => {
    if (isChosen || port === 0 || !isSwarmError(error, 'CONNECT_FAILED')) throw error;
    return createDht({ ...wishes, clock });
  });
}
