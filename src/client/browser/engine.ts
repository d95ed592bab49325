import { systemClock } from '../../base/system-clock.ts';
import { VERSION } from '../../base/version.ts';
import type { RangeSource } from '../../contracts/range-source.ts';
import type { SignalledTransport } from '../../contracts/signalled-transport.ts';
import type { TorrentStorage } from '../../contracts/torrent-storage.ts';
import { createWsTrackers } from '../../discovery/ws-tracker.ts';
import { SwarmError } from '../../errors.ts';
import { createWebHashPool } from '../../hashing/web-hash-pool.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import { createFetchSource } from '../../source/fetch-source.ts';
import { OpfsLibrary } from '../../storage/opfs-library.ts';
import { createSpillStorage } from '../../storage/spill-storage.ts';
import { createTorrentMemory } from '../../storage/torrent-memory.ts';
import { Swarm } from '../../swarm/swarm.ts';
import { newPeerId, randomBytes } from '../peer-id.ts';
import { webSeedsOf } from '../web-seeds.ts';
import type { AddRequest, EngineSettings, StoredGroup } from './engine-api.ts';
import { EngineTorrent } from './engine-torrent.ts';
import { type FoundTorrent, findTorrent } from './find-torrent.ts';

const MOST_CONNECTIONS_PER_TORRENT = 30;
const SMALLEST_FOR_PEERS = 1024 * 1024;
/** Bytes per second; slower peers alone would make people wait. */
const LEAST_PEER_RATE = 2 * 1024 * 1024;

export interface EngineOptions {
  readonly settings: EngineSettings;
  readonly rtc: SignalledTransport;
}

/** What downloads, verifies, stores and seeds for all tabs of an origin. Runs in a dedicated worker of one of them. */
export class Engine {
  readonly #swarm: Swarm;
  readonly #library: OpfsLibrary | undefined;
  readonly #torrents = new Map<string, EngineTorrent>();
  /** Being removed: whoever adds them again waits for that. */
  readonly #closing = new Map<string, Promise<void>>();
  /** Why nothing can be kept. */
  readonly #problem: string | undefined;

  private constructor({ settings, rtc }: EngineOptions, library: OpfsLibrary | undefined, problem: string | undefined) {
    this.#library = library;
    this.#problem = problem;
    const trackers = createWsTrackers({ transport: rtc, randomBytes });
    this.#swarm = new Swarm({
      clock: systemClock,
      random: Math.random,
      randomBytes,
      hashing: createWebHashPool(),
      peerId: newPeerId(),
      client: `modelswarm ${VERSION}`,
      encryption: 'off',
      connections: settings.connections,
      connectionsPerTorrent: MOST_CONNECTIONS_PER_TORRENT,
      limits: { down: settings.maxDownRate, up: settings.maxUpRate },
      resume: library?.resume,
      discoveryFor: (tiers) => trackers.discovery(tiers.flat()),
    });
  }

  /** Without a file system of its own the page keeps everything in memory. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { scope, storage } = options.settings;
    if (storage === 'memory') return new Engine(options, undefined, undefined);
    try {
      const library = await OpfsLibrary.open({ path: ['modelswarm', scope], now: Date.now });
      return new Engine(options, library, undefined);
    } catch (error) {
      return new Engine(options, undefined, error instanceof Error ? error.message : String(error));
    }
  }

  get torrents(): ReadonlyMap<string, EngineTorrent> {
    return this.#torrents;
  }

  /** Throws BAD_REQUEST. */
  torrent(key: string): EngineTorrent {
    const torrent = this.#torrents.get(key);
    if (torrent) return torrent;
    throw new SwarmError('BAD_REQUEST', `There is no torrent ${key}: it was removed.`);
  }

  /** Takes a torrent, or gives the one that is there. Rejects as `findTorrent` does. */
  async add(request: AddRequest, signal: AbortSignal): Promise<EngineTorrent> {
    const found = await findTorrent(request, signal);
    await this.#closing.get(found.key);
    return this.#torrents.get(found.key) ?? this.#begin(found, request);
  }

  async remove(key: string): Promise<void> {
    const torrent = this.#torrents.get(key);
    if (!torrent) return;
    this.#torrents.delete(key);
    const closing = torrent.close(this.#swarm);
    this.#closing.set(key, closing);
    await closing;
    this.#closing.delete(key);
    this.#library?.release(key);
  }

  limit(rates: { readonly down?: number | undefined; readonly up?: number | undefined }): void {
    this.#swarm.limit(rates);
  }

  /** Where a complete file of a torrent is in the origin's private file system. */
  placeOf(key: string, file: number): readonly string[] | undefined {
    const isThere = this.#torrents.get(key)?.isKept(file) ?? false;
    return isThere ? this.#library?.placeOf(key, file) : undefined;
  }

  /** What is kept for later visits, by group. */
  stored(): StoredGroup[] {
    const groups = new Map<string, StoredGroup>();
    for (const { group, bytes, usedAt } of this.#library?.entries ?? []) {
      const known = groups.get(group);
      groups.set(group, {
        group,
        bytes: bytes + (known?.bytes ?? 0),
        usedAt: Math.max(usedAt, known?.usedAt ?? 0),
      });
    }
    return [...groups.values()];
  }

  async forget(group: string): Promise<void> {
    await this.#library?.forget(group);
  }

  /** Ends everything; what is verified is written down. */
  async close(): Promise<void> {
    await this.#swarm.close();
  }

  #begin(found: FoundTorrent, request: AddRequest): EngineTorrent {
    const { key, input } = found;
    const torrent: EngineTorrent = new EngineTorrent({
      key,
      name: input.name,
      swarm: this.#swarm,
      options: {
        names: input.names,
        torrent: input.torrent,
        trackers: usesPeers(found, request) ? [request.trackers, ...input.trackers] : [],
        peers: [],
        peersFirst: { leastRate: LEAST_PEER_RATE },
        openStorage: (metainfo) => this.#openStorage(torrent, metainfo, request.group ?? found.group ?? key),
        sourcesOf: (metainfo) =>
          request.onlyPeers ? [] : webSeedsOf(metainfo, [...request.webSeeds, ...input.webSeeds], { source: sourceOf }),
        isSequential: request.sequential,
        ...(request.wanted ? { priorityOf: wantedOnly(request.wanted) } : {}),
      },
    });
    this.#torrents.set(key, torrent);
    torrent.start();
    return torrent;
  }

  async #openStorage(torrent: EngineTorrent, metainfo: Torrent, group: string): Promise<TorrentStorage> {
    const lengths = metainfo.files.map(({ length }) => length);
    const memory = createTorrentMemory(lengths);
    const nameOf = (file: number): string => metainfo.files[file]?.path ?? `file ${file}`;
    if (!this.#library) {
      torrent.isInMemory(this.#problem);
      return memory;
    }
    try {
      const bytes = metainfo.files.reduce((sum, { length, isPad }) => (isPad ? sum : sum + length), 0);
      const entry = { key: torrent.key, group, name: metainfo.name, bytes, lengths, nameOf };
      const files = await this.#library.use(entry);
      return createSpillStorage(files, memory, (file, reason) => torrent.spilled(file, reason));
    } catch (error) {
      // Better a model that has to be fetched again than none.
      torrent.isInMemory(error instanceof Error ? error.message : String(error));
      return memory;
    }
  }
}

/** Of what is small a web seed has sent everything before a peer is connected. */
function usesPeers({ input }: FoundTorrent, { peers, onlyPeers, webSeeds }: AddRequest): boolean {
  const hasSeeds = input.webSeeds.length + webSeeds.length > 0 && !onlyPeers;
  const isSmall = (input.torrent?.length ?? Number.POSITIVE_INFINITY) < SMALLEST_FOR_PEERS;
  return peers && !(isSmall && hasSeeds);
}

const sourceOf = (file: { readonly url: URL; readonly size: number; readonly name: string }): RangeSource =>
  createFetchSource({ ...file, fetch: globalThis.fetch.bind(globalThis) });

function wantedOnly(wanted: readonly string[]): (torrent: Torrent, file: number) => number {
  const paths = new Set(wanted);
  return (torrent, file) => (paths.has(torrent.files[file]?.path ?? '') ? 1 : 0);
}
