import { systemClock } from '../base/system-clock.ts';
import type { Discovery } from '../contracts/discovery.ts';
import { combineDiscovery } from '../discovery/combine.ts';
import { createDht, type Dht } from '../discovery/dht.ts';
import { createLsd } from '../discovery/lsd.ts';
import { createTrackerDiscovery } from '../discovery/tracker-discovery.ts';
import { createUdpTracker, type UdpTracker } from '../discovery/udp-tracker.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { VERSION } from '../hub/hub-client.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { createWebSeeds, type WebSeeds } from '../source/web-seed.ts';
import { OpenFiles } from '../storage/open-files.ts';
import { createResumeFiles } from '../storage/resume-files.ts';
import type { ExtensionHandler } from '../swarm/environment.ts';
import { Swarm } from '../swarm/swarm.ts';
import type { TorrentStatus } from '../swarm/torrent-status.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { ClientTorrent } from './client-torrent.ts';
import type { AddOptions, ClientOptions } from './options.ts';
import { parseAddress } from './parse-address.ts';
import { openTorrentFolder } from './torrent-folder.ts';
import { readTorrentInput, type TorrentInput } from './torrent-input.ts';
import { webSeedsOf } from './web-seeds.ts';

/** Azureus style: two letters, four digits of the version; the rest is random. */
const PEER_ID_PREFIX = '-MS0100-';

/** A client at a moment: plain data. */
export interface ClientStatus {
  /** Where peers are let in; 0: nowhere. */
  readonly port: number;
  readonly torrents: readonly TorrentStatus[];
}

/** Downloads and seeds torrents, until it is closed. */
export class Client {
  readonly #swarm: Swarm;
  readonly #fetch: typeof globalThis.fetch;
  readonly #open = new OpenFiles();
  readonly #seeds: WebSeeds = createWebSeeds();
  readonly #closers: readonly (() => Promise<void>)[];
  readonly #torrents = new Set<ClientTorrent>();

  constructor(swarm: Swarm, fetch: typeof globalThis.fetch, closers: readonly (() => Promise<void>)[]) {
    this.#swarm = swarm;
    this.#fetch = fetch;
    this.#closers = closers;
  }

  /** Where peers are let in; 0: nowhere. */
  get port(): number {
    return this.#swarm.port;
  }

  get torrents(): readonly ClientTorrent[] {
    return [...this.#torrents].filter((torrent) => torrent.state !== undefined);
  }

  /**
   * Takes a torrent and begins with it: a magnet link, the bytes of a torrent file, its path or URL, or an info-hash in hex.
   * Rejects with BAD_MAGNET, BAD_TORRENT, CONFIG, TOO_LARGE, UPSTREAM_UNAVAILABLE; BAD_REQUEST when it was added before.
   */
  async add(input: string | Uint8Array, options: AddOptions = {}): Promise<ClientTorrent> {
    const found = await readTorrentInput(input, this.#fetch);
    const torrent = this.#swarm.add({
      names: found.names,
      torrent: found.torrent,
      trackers: [...(options.trackers ?? []).map((url) => [url]), ...found.trackers],
      peers: [...found.peers.flatMap(addressOrNone), ...(options.peers ?? []).map(parseAddress)],
      openStorage: async (metainfo) => this.#folder(metainfo, options),
      sourcesOf: (metainfo) =>
        options.onlyPeers ? [] : webSeedsOf(metainfo, [...(options.webSeeds ?? []), ...found.webSeeds], this.#seeds),
      priorityOf: priorities(found, options),
      isComplete: options.isComplete ?? false,
      isSequential: options.sequential ?? false,
      limits: { down: options.maxDownRate, up: options.maxUpRate },
    });
    const added = new ClientTorrent(this.#swarm, torrent, found.name);
    this.#torrents.add(added);
    torrent.start();
    return added;
  }

  /**
   * Adds an extension of one's own to the peer protocol (BEP 10): peers that have one of the same name exchange messages with us. To be called
   * before torrents are added.
   */
  extend(name: string, handler: ExtensionHandler): void {
    this.#swarm.extend(name, handler);
  }

  /** Sets the rates of all torrents together, in bytes per second; undefined: no limit. */
  limit(rates: { readonly down?: number; readonly up?: number }): void {
    this.#swarm.limit(rates);
  }

  /** How everything stands now: plain data. */
  status(): ClientStatus {
    return { port: this.port, torrents: this.torrents.map((torrent) => torrent.status()) };
  }

  /** Ends everything: no socket, no timer, no handle is left. What is verified stays. */
  async close(): Promise<void> {
    await this.#swarm.close();
    await this.#seeds.close();
    for (const close of this.#closers) await close();
    await this.#open.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #folder(torrent: Torrent, { to = '.', flat = false, isComplete = false }: AddOptions) {
    return openTorrentFolder(torrent, { to, flat, open: this.#open, readOnly: isComplete });
  }
}

/**
 * Opens a client of BitTorrent v1, v2 and hybrid torrents. Rejects with CONNECT_FAILED when a port is taken.
 */
export async function createClient(options: ClientOptions = {}): Promise<Client> {
  const { clock = systemClock, fetch = globalThis.fetch, port = 0, host } = options;
  const hashing = createHashPool(options.hashThreads === undefined ? {} : { threads: options.hashThreads });
  const udp = createUdpTracker();
  const dht = await openDht(options);
  const lsd = options.lsd === false ? undefined : createLsd({ clock });
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
      const ways: (Discovery | undefined)[] = [trackersOf(options, trackers, udp, fetch), dht, lsd];
      return combineDiscovery(ways.filter((way) => way !== undefined));
    },
  });
  const closers = [() => udp.close(), async () => dht?.close(), async () => lsd?.close(), () => hashing.close()];
  const client = new Client(swarm, fetch, closers);
  try {
    if (port !== false) await swarm.listen();
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

async function openDht({ dht = true, clock = systemClock }: ClientOptions): Promise<Dht | undefined> {
  if (dht === false) return undefined;
  const wishes = dht === true ? {} : dht;
  return createDht({ ...wishes, clock });
}

/** The files that `--files`, or the magnet link (BEP 53), asks for. */
function priorities({ select }: TorrentInput, { priority }: AddOptions): (torrent: Torrent, file: number) => number {
  return (torrent, file) => {
    if (priority) return priority(torrent.files[file]?.path ?? '');
    return !select || select.some(([first, last]) => file >= first && file <= last) ? 1 : 0;
  };
}

function addressOrNone(text: string) {
  try {
    return [parseAddress(text)];
  } catch {
    return [];
  }
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function newPeerId(): Uint8Array {
  const id = randomBytes(20);
  id.set(new TextEncoder().encode(PEER_ID_PREFIX));
  return id;
}
