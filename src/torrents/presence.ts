import { toHex } from '../base/hex.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery, DiscoverySession } from '../contracts/discovery.ts';
import type { SeededTorrent, SeededTorrents } from '../contracts/seeded-torrents.ts';

/** An announce asks about a hundred nodes of the DHT, every half an hour: this many torrents cost a few packets per second. */
const MOST_REPOS = 100;
const MOST_FILES = 100;
const REVIEW_MS = 60_000;

export interface PresenceOptions {
  /** The DHT, the local network, or both. */
  readonly discovery: Discovery;
  readonly torrents: Pick<SeededTorrents, 'newest'>;
  readonly refs: Pick<RefStore, 'repo'>;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly clock: Clock;
}

/**
 * Lets us be found without a tracker, for the newest torrents of whole repos and of single files. The others are found by their trackers
 * and magnet links.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #sessions = new Map<string, DiscoverySession>();
  readonly #stop = new AbortController();
  #wake = new AbortController();

  constructor(options: PresenceOptions) {
    this.#options = options;
    void this.#run();
  }

  /** A torrent is new. */
  made(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    await this.#options.discovery.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      this.#review();
      const either = AbortSignal.any([signal, this.#wake.signal]);
      await this.#options.clock.sleep(REVIEW_MS, either).catch(() => {});
    }
  }

  /** Joins what has become new, and leaves what is old, gone or not for everybody any more. */
  #review(): void {
    const { torrents, refs } = this.#options;
    const newest = [...torrents.newest('repo', MOST_REPOS), ...torrents.newest('file', MOST_FILES)];
    const wanted = new Map(
      newest
        .filter(({ repo }) => refs.repo(repo)?.access === 'public')
        .map((torrent) => [toHex(torrent.infoHash), torrent]),
    );
    for (const [key, session] of this.#sessions) {
      if (wanted.has(key)) continue;
      this.#sessions.delete(key);
      void session.close();
    }
    for (const [key, torrent] of wanted) if (!this.#sessions.has(key)) this.#sessions.set(key, this.#join(torrent));
  }

  #join({ infoHash }: SeededTorrent): DiscoverySession {
    const { discovery, peerId, port } = this.#options;
    const stats = () => ({ uploaded: 0, downloaded: 0, left: 0 });
    // Whoever wants something comes to us.
    const found = (): void => {};
    return discovery.join({ infoHash, peerId, port, isPrivate: false, stats, found });
  }
}
