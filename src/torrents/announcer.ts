import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type { SeededTorrent, SeededTorrents } from '../contracts/seeded-torrents.ts';
import type { TrackerClient } from '../discovery/tracker-client.ts';

/** Announces of all torrents together: what a tracker can bear of one server. */
const PER_SECOND = 5;
/** How often each torrent is announced, if there are not too many of them for that. */
const ROUND_MS = 30 * 60_000;
const PAGE = 100;
const ANNOUNCE_MS = 20_000;
const MOST_WAITING = 10_000;

export interface AnnouncerOptions {
  readonly torrents: SeededTorrents;
  readonly refs: Pick<RefStore, 'repo'>;
  readonly trackers: readonly string[];
  /** Undefined for a protocol that is not spoken. */
  readonly clientOf: (url: string) => TrackerClient | undefined;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly port: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells trackers which torrents peers may ask for: new ones first, then all of them, round and round. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #new: Uint8Array[] = [];
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    if (options.trackers.length > 0) void this.#run();
  }

  /** A torrent is new. */
  made(infoHash: Uint8Array): void {
    if (this.#new.length < MOST_WAITING) this.#new.push(infoHash);
    this.#wake.resolve();
  }

  close(): void {
    this.#stop.abort();
    this.#wake.resolve();
  }

  async #run(): Promise<void> {
    const { torrents, clock } = this.#options;
    const { signal } = this.#stop;
    let after = new Uint8Array(0);
    let roundAt = clock.now();
    while (!signal.aborted) {
      await this.#announceNew();
      const page = torrents.after(after, PAGE);
      for (const row of page) {
        await this.#announceNew();
        await this.#announce(row);
      }
      after = Uint8Array.from(page.at(-1)?.infoHash ?? []);
      if (page.length > 0) continue;
      await this.#rest(roundAt + ROUND_MS);
      roundAt = clock.now();
    }
  }

  /** Until the next round; new torrents do not wait for it. */
  async #rest(until: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted && clock.now() < until) {
      this.#wake = Promise.withResolvers();
      const pause = clock.sleep(until - clock.now(), signal).catch(() => {});
      await Promise.race([this.#wake.promise, pause]);
      await this.#announceNew();
    }
  }

  async #announceNew(): Promise<void> {
    for (let hash = this.#new.shift(); hash; hash = this.#new.shift()) {
      const row = this.#options.torrents.find(hash);
      if (row) await this.#announce(row);
    }
  }

  async #announce({ infoHash, repo }: SeededTorrent): Promise<void> {
    const { refs, trackers, clientOf, peerId, port, clock, logger } = this.#options;
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const known = refs.repo(repo);
    // What has been forgotten is found again when a peer asks for it.
    if (!known) return;
    if (known.access !== 'public') return void this.#options.torrents.remove(infoHash);
    const stats = { uploaded: 0, downloaded: 0, left: 0 };
    const request = { infoHash, peerId, port: port(), stats, event: 'started', wanted: 0, key: 0x6d73776d } as const;
    for (const url of trackers) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ANNOUNCE_MS)]);
      await clientOf(url)
        ?.announce(url, request, limit)
        .catch(
          (error: Error) =>
            signal.aborted || logger.debug({ tracker: url, error: error.message }, 'seeding: not announced'),
        );
      await clock.sleep(1000 / PER_SECOND, signal).catch(() => {});
    }
  }
}
