import { join } from 'node:path';
import { VERSION } from '../base/version.ts';
import { openDataDir } from '../blobs/data-dir.ts';
import { openBlobStore } from '../blobs/disk-blob-store.ts';
import { openCatalog } from '../catalog/catalog.ts';
import { createClient } from '../client/create-client.ts';
import type { Grant } from '../contracts/access.ts';
import type { BlobStore, BlobUsage } from '../contracts/blob-store.ts';
import type { FillHelper } from '../contracts/fill-helper.ts';
import { createLsd } from '../discovery/lsd.ts';
import { SwarmError } from '../errors.ts';
import { openFiles } from '../fill/files.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { createCallerKeys } from '../http/authorization.ts';
import { HotTable } from '../http/hot-table.ts';
import { createHubClient } from '../hub/hub-client.ts';
import { createMirror, type Mirror } from '../mirror/create-mirror.ts';
import { createNeighbours } from '../neighbours/create-neighbours.ts';
import type { Answer, Question } from '../neighbours/question.ts';
import { createRepos } from '../repos/repos.ts';
import { createWebSeeds } from '../source/web-seed.ts';
import { createAddresses } from '../torrents/addresses.ts';
import { createTorrents, type Torrents } from '../torrents/create-torrents.ts';
import type { StatsDocument } from '../torrents/documents.ts';
import { createFileHashesRoute, type FileHashesRoute } from '../torrents/file-hashes-route.ts';
import { HeldHashes } from '../torrents/held-hashes.ts';
import { createPieceLengths } from '../torrents/piece-lengths.ts';
import { createRedistributionRule } from '../torrents/redistribution.ts';
import { readStats } from '../torrents/stats.ts';
import { fileSubject } from '../torrents/subject.ts';
import { TorrentLibrary } from '../torrents/torrent-library.ts';
import { createWebSeed, type WebSeed } from '../web-seed/create-web-seed.ts';
import { createThrottle } from './bandwidth.ts';
import { createFillBudget } from './fill-budget.ts';
import { isLoopbackName } from './host-check.ts';
import { type OwnTracker, openOwnTracker } from './own-tracker.ts';
import { openSeeding, type Seeding } from './seeding.ts';
import { removeLeftovers, TorrentHelper } from './torrent-helper.ts';
import type { MirrorSettings } from './validate-options.ts';

export interface CompositionOptions extends MirrorSettings {
  /** This server as clients reach it, without a trailing slash; undefined while that is not known. Goes into torrents. */
  readonly baseUrl: () => string | undefined;
  /** This server as the client of a request sees it, without a trailing slash. */
  readonly originOf: (request: Request) => string;
}

/** A mirror that is open. */
export interface Composition {
  /** Answers the requests of whoever was let in. */
  readonly mirror: Mirror;
  /** The bytes of files for BitTorrent clients. */
  readonly webSeed: WebSeed;
  /** Undefined when they are turned off. */
  readonly torrents: Torrents | undefined;
  readonly fileHashes: FileHashesRoute;
  readonly stats: () => StatsDocument;
  /** Undefined when it is turned off. */
  readonly tracker: OwnTracker | undefined;
  /** What was answered a moment ago, for the listener's short way. */
  readonly hot: HotTable;
  readonly usage: () => BlobUsage;
  /** What a server near by is told. */
  answerNeighbour(question: Question): Answer;
  /** Clients reach the server on this port; 0: only from this machine. */
  listensOn(port: number): void;
  /** Ends all of it, in the reverse order of its making. */
  close(): Promise<void>;
}

/**
 * Puts a mirror together: this is the one place that knows all the parts.
 *
 *     request -> mirror -> repos (who may read what, at which commit) -> hub, catalogue
 *                      \-> files (bytes held or on their way)        -> blobs, hashing, hub
 *            torrents, web seed: the same grants and files under other URLs
 *
 * Throws DATA_DIR_LOCKED, DATA_DIR_FORMAT, CONFIG; what was opened until then is closed again.
 */
export async function compose(options: CompositionOptions): Promise<Composition> {
  const { upstream, proxy, offline, strict, allow, deny, minFreeSpace, maxCacheSize, clock, logger } = options;
  const { connections, connectionsPerFile } = options;
  const throttle = createThrottle(options.downloadRate, clock);
  await using opening = new AsyncDisposableStack();

  const directories: string[] = [];
  for (const path of options.dataDir) {
    const dataDir = opening.adopt(await openDataDir(path), (it) => it.close());
    directories.push(dataDir.path);
  }
  const [first] = directories;
  if (first === undefined) throw new SwarmError('CONFIG', 'At least one data directory is needed.');
  const catalog = opening.adopt(openCatalog({ path: join(first, 'catalog.db'), clock, logger }), (it) => it.close());
  const hashing = opening.adopt(createHashPool(), (it) => it.close());
  const hub = opening.adopt(createHubClient({ endpoint: upstream, clock, logger, proxy }), (it) => it.close());
  const blobs = opening.adopt(
    await openBlobStore({ directories, index: catalog, hashing, clock, logger, minFreeSpace, maxCacheSize }),
    (it) => it.close(),
  );
  const repos = createRepos({ hub, refs: catalog, clock, logger, offline, policy: { allow, deny } });
  const rule = createRedistributionRule(repos, { licenses: options.torrentLicenses, repos: options.torrentRepos });
  const { counters, hashes } = catalog;
  let library: TorrentLibrary | undefined;
  let seeding: Seeding | undefined;
  // A torrent that is put together is one that peers may ask for. Files that earlier runs left may be done before the rest is open.
  const seedFile = (grant: Grant): void => {
    if (!seeding || !library || rule(grant)) return;
    library.find(fileSubject(grant, grant.commit), 'default').catch((error: unknown) => {
      logger.warn({ file: grant.entry.path, error }, 'seeding: no torrent of a file');
    });
  };
  const lan = options.findNeighbours ? createLsd({ clock }) : undefined;
  const neighbours = opening.adopt(
    createNeighbours({ urls: options.neighbours, lan, webSeeds: createWebSeeds(), refs: catalog, clock, logger }),
    (it) => it.close(),
  );
  const helpers: FillHelper[] = [neighbours];
  await removeLeftovers(first);
  if (options.torrentSources.length > 0 && !offline) {
    const helper = opening.adopt(openTorrentHelper(options, first, blobs), (it) => it.close());
    helpers.push(helper);
  }
  const files = opening.adopt(
    await openFiles({
      ...{ blobs, hub, hashing, directories, clock, logger, strict, offline, counters },
      ...{ connectionsPerFile, connections, mostAbandoned: options.finishAbandoned, helpers },
      ...{ admit: createFillBudget(options.fillBudget, clock), ...(throttle && { throttle }) },
      ...(options.torrents && {
        torrents: { pieceLengths: createPieceLengths(catalog, rule), store: hashes, onHeld: seedFile },
      }),
    }),
    (it) => it.close(),
  );
  const hot = new HotTable({ clock, callerKeys: createCallerKeys() });
  const serving = { repos, files, clock, hot, counters };
  const mirror = createMirror({ ...serving, hub, documents: catalog, offline, publicUrl: options.originOf });
  const held = new HeldHashes({ blobs, store: hashes, hashing });
  library = new TorrentLibrary(held, catalog, (subject, variant, sealed) => {
    for (const infoHash of seeding?.seeder.made(subject, variant, sealed) ?? []) seeding?.announce(infoHash);
  });
  const { seed, peerPort, peerHost, trackers, dht, dhtNodes, lsd, mapPort } = options;
  seeding =
    options.torrents && seed
      ? opening.adopt(
          await openSeeding({
            ...{ repos, rule, library, blobs, counters, clock, logger, hashing, trackers },
            ...{
              torrents: catalog.torrents,
              refs: catalog,
              host: peerHost,
              port: peerPort,
              dht,
              dhtNodes,
              lsd,
              mapPort,
            },
          }),
          (it) => it.close(),
        )
      : undefined;
  const ownSeed = seeding && {
    has: (infoHash: Uint8Array) => seeding?.seeder.has(infoHash) ?? false,
    port: seeding.port,
  };
  const tracker = options.ownTracker
    ? opening.adopt(await openOwnTracker({ ...options, ownSeed }), (it) => it.close())
    : undefined;
  const torrents = options.torrents
    ? opening.adopt(
        createTorrents({
          ...{ repos, files, rule, clock, logger, createdBy: `modelswarm/${VERSION}` },
          swarm: (infoHashes) => tracker?.tracker.countsOf(infoHashes),
          trackers: () => (trackers.length > 0 ? trackers : (tracker?.urls() ?? [])),
          ...{ held, library, peers: () => peerAddresses(seeding, options) },
          addresses: createAddresses({ base: options.baseUrl, hubEndpoint: upstream, hubWebSeed: options.hubWebseed }),
        }),
        (it) => it.close(),
      )
    : undefined;
  const fileHashes = opening.adopt(createFileHashesRoute({ repos, files, blobs, clock }), (it) => it.close());
  const usage = () => blobs.usage();
  const stats = () => readStats({ counters, usage, refs: catalog });

  const opened = opening.move();
  return {
    ...{ mirror, webSeed: createWebSeed(serving), torrents, fileHashes, stats, hot, usage, tracker },
    answerNeighbour: (question) => neighbours.answer(question, files),
    listensOn: (port) => neighbours.listensOn(port),
    close: () => opened.disposeAsync(),
  };
}

function openTorrentHelper(options: CompositionOptions, directory: string, blobs: BlobStore): TorrentHelper {
  const { torrentSources: torrents, logger, clock, peerHost: host, lsd = !isLoopbackName(host) } = options;
  const dht = options.dht && (options.dhtNodes.length > 0 ? { bootstrap: options.dhtNodes } : true);
  const port = options.seed ? 0 : false;
  const openClient = () => createClient({ host, port, dht, lsd, clock });
  return new TorrentHelper({ torrents, openClient, directory, blobs, logger });
}

/** Where magnet links say that we seed: by the name that clients reach us by, else where we listen; nowhere in particular is no address. */
function peerAddresses(seeding: Seeding | undefined, { publicUrl, peerHost }: CompositionOptions): string[] {
  if (!seeding) return [];
  const host = publicUrl === undefined ? peerHost : new URL(publicUrl).hostname;
  return /^(0\.0\.0\.0|::|\[::\])$/.test(host) ? [] : [`${host}:${seeding.port()}`];
}
