import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../contracts/clock.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { createWebSeeds, type WebSeeds } from '../source/web-seed.ts';
import { OpenFiles } from '../storage/open-files.ts';
import type { ExtensionHandler } from '../swarm/environment.ts';
import type { TorrentSource } from '../swarm/source-lanes.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { TorrentStatus } from '../swarm/torrent-status.ts';
import type { PortMapping } from '../transport/port-mapping.ts';
import type { PortMappingResult } from '../transport/port-mapping-protocol.ts';
import { ClientTorrent } from './client-torrent.ts';
import { HubDownload } from './hub-download.ts';
import { readAnyTorrent } from './local-torrent.ts';
import type { AddOptions, ClientOptions, DownloadOptions } from './options.ts';
import { parseAddress } from './parse-address.ts';
import { RepoDownload } from './repo-download.ts';
import { folderLayout, hfCacheLayout, type RepoLayout } from './repo-layout.ts';
import { parseRepoSubject, planRepo, type RepoPlan, type RepoSubject } from './repo-plan.ts';
import { askForTorrent, hubSourceOf, openRepoStorage } from './repo-torrent.ts';
import { openTorrentFolder } from './torrent-folder.ts';
import { type TorrentInput, torrentInput } from './torrent-input.ts';
import { webSeedsOf } from './web-seeds.ts';

const HUB = 'https://huggingface.co';

/** A client at a moment: plain data. */
export interface ClientStatus {
  /** Where peers are let in; 0: nowhere. */
  readonly port: number;
  /** What the router said; undefined while it is asked, or when it is not. */
  readonly portMapping: PortMappingResult | undefined;
  readonly torrents: readonly TorrentStatus[];
}

/** What a client is made of. */
interface Parts {
  readonly swarm: Swarm;
  readonly fetch: typeof globalThis.fetch;
  readonly hashing: HashPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hub: NonNullable<ClientOptions['hub']>;
  readonly mapping: () => PortMapping | undefined;
  readonly closers: readonly (() => Promise<unknown>)[];
}

/** Downloads and seeds torrents and repos, until it is closed. */
export class Client {
  readonly #parts: Parts;
  readonly #open = new OpenFiles();
  readonly #seeds: WebSeeds = createWebSeeds();
  readonly #torrents = new Set<ClientTorrent>();
  readonly #downloads = new Set<HubDownload>();
  #hub: HubClient | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Where peers are let in; 0: nowhere. */
  get port(): number {
    return this.#parts.swarm.port;
  }

  /** What the router said, when it has; undefined: it is not asked (`mapPort`). */
  get portMapping(): Promise<PortMappingResult> | undefined {
    return this.#parts.mapping()?.done;
  }

  get torrents(): readonly ClientTorrent[] {
    return [...this.#torrents];
  }

  /**
   * Takes a torrent and begins with it: a magnet link, the bytes of a torrent file, its path or URL, an info-hash in hex, or
   * `[datasets/|spaces/]org/name[@revision][/file]`, of which a server must have the torrent (without one, `download` takes it from the Hub).
   * Rejects with BAD_MAGNET, BAD_TORRENT, CONFIG, TOO_LARGE, UPSTREAM_*, `signal.reason`; BAD_REQUEST when it was added before; of a repo
   * also with HUB_REFUSED, RATE_LIMITED, NOT_CACHED.
   */
  async add(input: string | Uint8Array, options: AddOptions = {}): Promise<ClientTorrent> {
    const repo = typeof input === 'string' ? await repoSubjectOf(input) : undefined;
    if (repo) return this.#addRepo(repo, options);
    const found = await readAnyTorrent(input, this.#parts.fetch, options.signal);
    return this.#begin(found, options, {
      openStorage: async (torrent) => this.#folder(torrent, options),
      sources: () => [],
    });
  }

  /**
   * Downloads a repo or some of its files: `[datasets/|spaces/]org/name[@revision][/file]`. Pieces come from peers, web seeds and the Hub at once where a
   * server has the repo's torrent, else from the Hub alone; every file is checked against the Hub's own hash before it gets its name.
   * Rejects with CONFIG (no repo, no such file), HUB_REFUSED, UPSTREAM_*, RATE_LIMITED, `signal.reason`.
   */
  async download(subject: string, options: DownloadOptions): Promise<RepoDownload> {
    const parsed = parseRepoSubject(subject);
    if (!parsed) throw new SwarmError('CONFIG', `"${subject}" is no repo: a repo looks like org/name@revision.`);
    const hub = await this.#openHub();
    const { plan, torrent, problem } = await this.#findRepo(hub, parsed, options.files ?? [], options);
    const layout = options.to === undefined ? hfCacheLayout(options.cache, plan) : folderLayout(options.to);
    const work = torrent
      ? this.#downloadTorrent(hub, torrent, plan, layout, options)
      : this.#downloadFromHub(hub, plan, layout, options);
    return new RepoDownload({ plan, layout, work, problem });
  }

  /**
   * Adds an extension of one's own to the peer protocol (BEP 10): peers that have one of the same name exchange messages with us. To be called
   * before torrents are added.
   */
  extend(name: string, handler: ExtensionHandler): void {
    this.#parts.swarm.extend(name, handler);
  }

  /** Sets the rates of all torrents together, in bytes per second; undefined: no limit. */
  limit(rates: { readonly down?: number; readonly up?: number }): void {
    this.#parts.swarm.limit(rates);
  }

  /** How everything stands now: plain data. */
  status(): ClientStatus {
    const portMapping = this.#parts.mapping()?.result;
    return { port: this.port, portMapping, torrents: this.torrents.map((torrent) => torrent.status()) };
  }

  /** Ends everything: no socket, no timer, no handle is left. What is verified stays. */
  async close(): Promise<void> {
    await Promise.all([...this.#downloads].map((download) => download.stop()));
    await this.#parts.swarm.close();
    this.#seeds.close();
    await this.#hub?.close();
    for (const close of this.#parts.closers) await close();
    await this.#open.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(
    found: TorrentInput,
    options: AddOptions,
    how: {
      readonly openStorage: (torrent: Torrent) => Promise<TorrentStorage>;
      readonly sources: (torrent: Torrent) => readonly TorrentSource[];
    },
  ): ClientTorrent {
    const { swarm } = this.#parts;
    const { onlyPeers = false, webSeeds = [] } = options;
    const torrent = swarm.add({
      names: found.names,
      torrent: found.torrent,
      trackers: [...(options.trackers ?? []).map((url) => [url]), ...found.trackers],
      peers: [...found.peers.flatMap(addressOrNone), ...(options.peers ?? []).map(parseAddress)],
      openStorage: how.openStorage,
      sourcesOf: (metainfo) =>
        onlyPeers
          ? []
          : [...webSeedsOf(metainfo, [...webSeeds, ...found.webSeeds], this.#seeds), ...how.sources(metainfo)],
      priorityOf: priorities(found, options),
      isComplete: options.isComplete ?? false,
      isSequential: options.sequential ?? false,
      isSuperSeed: options.superSeed ?? false,
      limits: { down: options.maxDownRate, up: options.maxUpRate },
    });
    const added = new ClientTorrent(swarm, torrent, found.name, () => this.#torrents.delete(added));
    this.#torrents.add(added);
    torrent.start();
    return added;
  }

  /** What of a repo is wanted, and the torrent that a server has of it, or why there is none. */
  async #findRepo(
    hub: HubClient,
    subject: RepoSubject,
    patterns: readonly string[],
    { signal = new AbortController().signal, server = this.#ownServer() }: Pick<AddOptions, 'signal' | 'server'>,
  ): Promise<{ plan: RepoPlan; torrent: Torrent | undefined; problem: string | undefined }> {
    const plan = await planRepo(hub, subject, patterns, { token: this.#parts.hub.token, signal });
    let problem: string | undefined;
    const onProblem = (message: string): void => {
      problem ??= message;
    };
    const torrent = server ? await askForTorrent(server, plan, this.#parts.fetch, onProblem, signal) : undefined;
    return { plan, torrent, problem: torrent ? undefined : (problem ?? 'no server was named that has torrents') };
  }

  async #addRepo(subject: RepoSubject, options: AddOptions): Promise<ClientTorrent> {
    const hub = await this.#openHub();
    const { plan, torrent, problem = '' } = await this.#findRepo(hub, subject, [], options);
    if (!torrent) throw new SwarmError('NOT_CACHED', `There is no torrent of ${plan.repo.id}: ${problem}.`);
    const { to = '.', flat = false } = options;
    return this.#downloadTorrent(hub, torrent, plan, folderLayout(flat ? to : join(to, torrent.name)), options);
  }

  #downloadTorrent(
    hub: HubClient,
    torrent: Torrent,
    plan: RepoPlan,
    layout: RepoLayout,
    options: AddOptions | DownloadOptions,
  ): ClientTorrent {
    const { hashing } = this.#parts;
    const { token } = this.#parts.hub;
    // Of files that are the same bytes in the same place, one is fetched: nothing is written to the place twice.
    const byPlace = new Map(plan.entries.map((entry) => [layout.pathOf(entry), entry.path]));
    const wanted = new Set(byPlace.values());
    return this.#begin(
      torrentInput(torrent),
      { ...options, to: layout.root, priority: (path) => (wanted.has(path) ? 1 : 0) },
      {
        openStorage: async () => openRepoStorage({ torrent, plan, layout, open: this.#open, hashing }),
        sources: () => [hubSourceOf(torrent, plan, hub, token)],
      },
    );
  }

  #downloadFromHub(
    hub: HubClient,
    plan: RepoPlan,
    layout: RepoLayout,
    { onlyPeers = false }: DownloadOptions,
  ): HubDownload {
    if (onlyPeers)
      throw new SwarmError('NOT_CACHED', `There is no torrent of ${plan.repo.id}, and so there are no peers.`);
    const { hashing, clock, random, swarm } = this.#parts;
    const { repo, commit, entries } = plan;
    const download = new HubDownload({
      hub,
      token: this.#parts.hub.token,
      repo,
      commit,
      name: `${repo.id}@${plan.revision}`,
      entries,
      targetOf: (entry) => join(layout.root, layout.pathOf(entry)),
      hashing,
      clock,
      random,
      throttle: (bytes, signal) => swarm.down.wait(bytes, signal),
    });
    this.#downloads.add(download);
    return download;
  }

  async #openHub(): Promise<HubClient> {
    const { endpoint = HUB, proxy } = this.#parts.hub;
    // Loaded when it is wanted: with its HTTP client it has 35 MB, a third of what a download needs.
    const { createHubClient } = await import('../hub/hub-client.ts');
    this.#hub ??= createHubClient({ endpoint, proxy });
    return this.#hub;
  }

  /** A Hub that is not the well-known one may be a server of ours. */
  #ownServer(): string | undefined {
    const { endpoint = HUB } = this.#parts.hub;
    return endpoint === HUB ? undefined : endpoint;
  }

  #folder(torrent: Torrent, { to = '.', flat = false, isComplete = false }: AddOptions): TorrentStorage {
    return openTorrentFolder(torrent, { to, flat, open: this.#open, readOnly: isComplete });
  }
}

/** The files that `--files`, or the magnet link (BEP 53), asks for. */
function priorities(
  { select }: TorrentInput,
  { priority, readOnly = false }: AddOptions,
): (torrent: Torrent, file: number) => number {
  return (torrent, file) => {
    if (readOnly) return 0;
    if (priority) return priority(torrent.files[file]?.path ?? '');
    return !select || select.some(([first, last]) => file >= first && file <= last) ? 1 : 0;
  };
}

/** The repo that a text names; undefined when it names something else: a link, a hash, a torrent file, or a file that is there. */
async function repoSubjectOf(text: string): Promise<RepoSubject | undefined> {
  const subject = parseRepoSubject(text);
  if (!subject || text.endsWith('.torrent')) return undefined;
  const isThere = await stat(text).then(
    () => true,
    () => false,
  );
  return isThere ? undefined : subject;
}

function addressOrNone(text: string) {
  try {
    return [parseAddress(text)];
  } catch {
    return [];
  }
}
