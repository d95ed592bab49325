import type { Repos } from '../contracts/access.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Counters } from '../contracts/counters.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { Logger } from '../contracts/logger.ts';
import type { SeededTorrent, SeededTorrents } from '../contracts/seeded-torrents.ts';
import { isSwarmError } from '../errors.ts';
import type { SealedTorrent, Variant } from '../metainfo/canonical.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { OpenFiles } from '../storage/open-files.ts';
import type { IdleTorrents, Swarm } from '../swarm/swarm.ts';
import type { SwarmTorrent, SwarmTorrentOptions } from '../swarm/swarm-torrent.ts';
import { encryptionLookupKey } from '../wire/encryption.ts';
import { openBlobStorage } from './blob-storage.ts';
import type { RedistributionRule } from './redistribution.ts';
import { contentsOf, findSubject, pathOfSubject, type Subject } from './subject.ts';
import type { TorrentLibrary } from './torrent-library.ts';

const TICK_MS = 5000;
/** A torrent without peers is open for this long. */
const IDLE_MS = 120_000;
/** The right to pass something on is asked for again after this (DESIGN.md §5). */
const GRANT_MS = 10 * 60_000;
/** Nobody in particular: what the Hub gives to everybody. */
const EVERYBODY = { client: 'peers' };

export interface SeederOptions {
  readonly repos: Repos;
  readonly rule: RedistributionRule;
  readonly library: TorrentLibrary;
  readonly blobs: BlobStore;
  readonly torrents: SeededTorrents;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A torrent that is open. */
interface Open {
  readonly row: SeededTorrent;
  readonly subject: Subject;
  grantedAt: number;
  usedAt: number;
  counted: number;
}

/**
 * Seeds what the server holds. A torrent that nobody asks for is one row of the catalogue; a peer's handshake opens it, by a fresh look at whether it
 * may be passed on.
 */
export class Seeder implements IdleTorrents {
  readonly #options: SeederOptions;
  readonly #files = new OpenFiles();
  readonly #open = new Map<Torrent, Open>();
  readonly #stop = new AbortController();
  #swarm: Swarm | undefined;

  constructor(options: SeederOptions) {
    this.#options = options;
  }

  /** Serves the peers of a swarm from now on, until it is closed. */
  serve(swarm: Swarm): void {
    this.#swarm = swarm;
    void this.#tickForever();
  }

  /** A torrent was made: peers may ask for it from now on. Returns the 20-byte hashes that are new. */
  made(subject: Subject, variant: Variant, { infoHash, infoHashV2 }: SealedTorrent): Uint8Array[] {
    const { repo, commit } = subject.grant;
    const news: Uint8Array[] = [];
    for (const hash of [infoHash, infoHashV2?.subarray(0, 20)]) {
      if (!hash || this.has(hash)) continue;
      const path = pathOfSubject(subject);
      const row = { infoHash: hash, repo, commit, path, variant, madeAt: this.#options.clock.now() };
      this.#options.torrents.put(row, encryptionLookupKey(hash));
      news.push(hash);
    }
    return news;
  }

  has(infoHash: Uint8Array): boolean {
    return this.#options.torrents.find(infoHash) !== undefined;
  }

  infoHashOf(lookupKey: string): Uint8Array | undefined {
    return this.#options.torrents.findByLookupKey(lookupKey)?.infoHash;
  }

  async open(infoHash: Uint8Array): Promise<SwarmTorrentOptions | undefined> {
    const { torrents, logger, clock } = this.#options;
    const row = torrents.find(infoHash);
    if (!row) return undefined;
    try {
      const subject = await this.#grant(row);
      const sealed = await this.#options.library.find(subject, row.variant);
      // Evicted: it comes back with the next torrent that is made of it.
      if (!sealed) return void torrents.remove(infoHash);
      const { info, pieceLayers } = sealed;
      const torrent = parseTorrent(createTorrent({ info, pieceLayers }));
      const now = clock.now();
      this.#open.set(torrent, { row, subject, grantedAt: now, usedAt: now, counted: 0 });
      return this.#describe(torrent, subject);
    } catch (error) {
      if (!isSwarmError(error)) throw error;
      logger.info({ repo: row.repo.id, path: row.path, error: error.message }, 'seeding: not opened');
      if (isDenied(error)) torrents.remove(infoHash);
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#count();
    await this.#swarm?.close();
    await this.#files.close();
  }

  #describe(torrent: Torrent, subject: Subject): SwarmTorrentOptions {
    return {
      names: torrent,
      torrent,
      trackers: [],
      peers: [],
      isComplete: true,
      openStorage: async () => openBlobStorage(placesOf(torrent, subject), this.#options.blobs, this.#files),
    };
  }

  /** Throws why the torrent may not be passed on (any more). */
  #grant({ repo, commit, path }: SeededTorrent): Promise<Subject> {
    return findSubject(
      this.#options,
      EVERYBODY,
      { route: 'torrent', repo, revision: commit, path },
      commit,
      this.#stop.signal,
    );
  }

  /** Bytes that went to peers since the last time. */
  #count(): void {
    for (const torrent of this.#swarm?.torrents ?? []) {
      const open = torrent.torrent && this.#open.get(torrent.torrent);
      const { sent = 0 } = torrent.network?.traffic.read() ?? {};
      if (!open || sent <= open.counted) continue;
      this.#options.counters.add(open.row.repo, { bytesByPeers: sent - open.counted });
      open.counted = sent;
    }
  }

  async #tickForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#options.clock.sleep(TICK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      this.#count();
      for (const torrent of [...(this.#swarm?.torrents ?? [])]) await this.#review(torrent);
    }
  }

  /** Closes a torrent that nobody uses, that failed, or that may not be passed on any more. */
  async #review(torrent: SwarmTorrent): Promise<void> {
    const open = torrent.torrent && this.#open.get(torrent.torrent);
    if (!open) return;
    const now = this.#options.clock.now();
    if ((torrent.network?.peers.size ?? 0) > 0) open.usedAt = now;
    const isIdle = now - open.usedAt > IDLE_MS || torrent.state === 'failed';
    if (isIdle || !(await this.#isGranted(open, now))) await this.#release(torrent);
  }

  async #isGranted(open: Open, now: number): Promise<boolean> {
    if (now - open.grantedAt < GRANT_MS) return true;
    try {
      await this.#grant(open.row);
      open.grantedAt = now;
      return true;
    } catch (error) {
      if (!isSwarmError(error)) throw error;
      if (isDenied(error)) this.#options.torrents.remove(open.row.infoHash);
      return false;
    }
  }

  async #release(torrent: SwarmTorrent): Promise<void> {
    await this.#swarm?.remove(torrent);
    if (torrent.torrent) this.#open.delete(torrent.torrent);
  }
}

/** Where the bytes of each file of the torrent are: files go by the torrent's places, contents by the repo's. */
function placesOf(torrent: Torrent, subject: Subject): (ContentId | undefined)[] {
  const contents = contentsOf(subject);
  if (subject.kind === 'file') return torrent.files.map(({ isPad }) => (isPad ? undefined : contents[0]));
  const byPath = new Map(subject.tree.entries.map(({ path }, index) => [path, contents[index]]));
  return torrent.files.map(({ path, isPad }) => (isPad ? undefined : byPath.get(path)));
}

/** It is not a moment's trouble: the torrent leaves the swarm. */
function isDenied(error: unknown): boolean {
  return (
    isSwarmError(error, 'NOT_REDISTRIBUTABLE') ||
    isSwarmError(error, 'HUB_REFUSED') ||
    isSwarmError(error, 'NOT_ALLOWED')
  );
}
