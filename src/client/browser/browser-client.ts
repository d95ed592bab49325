import { SwarmError } from '../../errors.ts';
import { BrowserTorrent } from './browser-torrent.ts';
import type { AddRequest, BrowserTorrentStatus, StoredGroup } from './engine-api.ts';
import type { EngineLink } from './engine-link.ts';
import type { BrowserAddOptions } from './options.ts';

const STATUS_MS = 500;

/** The client of a page at a moment: plain data. */
export interface BrowserClientStatus {
  /** Does it run in this tab, and not in another one of the same origin? */
  readonly isLeader: boolean;
  /** All torrents of the origin. */
  readonly torrents: readonly BrowserTorrentStatus[];
}

/** Downloads and seeds torrents for a page, together with its other tabs, until it is closed. */
export class BrowserClient {
  readonly #link: EngineLink;
  readonly #defaults: Pick<AddRequest, 'server' | 'peers' | 'trackers'>;
  readonly #onClose: () => Promise<void>;
  readonly #torrents = new Map<string, BrowserTorrent>();
  #statuses: readonly BrowserTorrentStatus[] = [];
  #isClosed = false;

  /** `defaults`: what all torrents of this page are added with. */
  constructor(
    link: EngineLink,
    defaults: Pick<AddRequest, 'server' | 'peers' | 'trackers'>,
    onClose: () => Promise<void>,
  ) {
    this.#link = link;
    this.#defaults = defaults;
    this.#onClose = onClose;
    link.onChange = () => this.#tellAll();
    void this.#watch();
  }

  get torrents(): readonly BrowserTorrent[] {
    return [...this.#torrents.values()];
  }

  /**
   * Takes a torrent and begins with it, or gives the one that was added before: a magnet link, the bytes of a torrent file, its URL, an info-hash in hex, or
   * `[datasets/|spaces/]org/name[@revision][/file]`, of which the server has the torrent. Rejects with BAD_MAGNET, BAD_TORRENT, CONFIG, TOO_LARGE,
   * UPSTREAM_*, `signal.reason`; of a repo also with NOT_CACHED (the server fetches it now: `retryAfterSeconds`), NOT_REDISTRIBUTABLE, HUB_REFUSED.
   */
  async add(input: string | Uint8Array, options: BrowserAddOptions = {}): Promise<BrowserTorrent> {
    const { trackers = [], webSeeds = [], onlyPeers = false, sequential = false, files, group, signal } = options;
    const { server, peers, trackers: own } = this.#defaults;
    const request: AddRequest = {
      ...{ input, server, peers, trackers: [...trackers, ...own], webSeeds },
      ...{ onlyPeers, sequential, wanted: files, group },
    };
    const [info, engine] = await this.#link.run(
      async (current) => [await current.call('add', request, signal), current] as const,
    );
    const known = this.#torrents.get(info.key);
    if (known) return known;
    const torrent = new BrowserTorrent(
      {
        link: this.#link,
        request,
        info,
        statusOf: (key) => this.#statuses.find((status) => status.key === key),
        onRemoved: ({ key }) => this.#torrents.delete(key),
      },
      engine,
    );
    this.#torrents.set(info.key, torrent);
    return torrent;
  }

  /** How everything stood a moment ago. */
  status(): BrowserClientStatus {
    return { isLeader: this.#link.isLeader, torrents: this.#statuses };
  }

  /** Sets the rates of all torrents together, in bytes per second; undefined: no limit. */
  async limit(rates: { readonly down?: number; readonly up?: number }): Promise<void> {
    await this.#link.run((engine) => engine.call('limit', { down: rates.down, up: rates.up }));
  }

  /** What is kept for later visits. */
  async stored(): Promise<readonly StoredGroup[]> {
    return this.#link.run((engine) => engine.call('stored', null));
  }

  /** Removes what is kept of a repo or torrent. Rejects with BAD_REQUEST while it is in use. */
  async forget(group: string): Promise<void> {
    await this.#link.run((engine) => engine.call('forget', group));
  }

  /** Asks the browser not to evict what is kept; some ask the user. Resolves to whether it agrees. */
  async persist(): Promise<boolean> {
    return navigator.storage.persist();
  }

  /** Ends it for this page: the tabs that remain go on. What is verified stays. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const torrent of this.torrents) torrent.left();
    await this.#onClose();
    this.#link.close(new SwarmError('CLOSED', 'The client was closed.'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Another engine works for us: it is to know what we need. */
  #tellAll(): void {
    for (const torrent of this.torrents) torrent.fileStatus().catch(() => {});
  }

  async #watch(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#statuses = await this.#link.run((engine) => engine.call('status', null));
      } catch {
        // The next engine tells.
      }
      await new Promise((resolve) => setTimeout(resolve, STATUS_MS));
    }
  }
}
