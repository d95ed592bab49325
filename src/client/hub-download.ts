import pLimit from 'p-limit';
import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Commit, Entry, RepoRef } from '../contracts/domain.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { HubClient } from '../contracts/hub.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { Rate } from '../swarm/rate.ts';
import type { FileStatus, TorrentState, TorrentStatus } from '../swarm/torrent-status.ts';
import { ConnectionBudget } from '../transfer/connection-budget.ts';
import type { Throttle } from '../transfer/lane.ts';
import { fetchFile, isThere } from './fetch-file.ts';

/** Large files have the connections nearly to themselves; small ones overlap, since each is mostly waiting. */
const LARGE_AT_ONCE = 3;
const SMALL_AT_ONCE = 16;
const SMALL_BYTES = 8 * 1024 * 1024;
const CONNECTIONS = 16;

export interface HubDownloadOptions {
  readonly hub: HubClient;
  readonly token: string | undefined;
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** `org/model@revision`, for people. */
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Where a file gets to. Two may have the same place when they are the same bytes. */
  readonly targetOf: (entry: Entry) => string;
  readonly hashing: HashPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly throttle: Throttle | undefined;
}

/** Files of a repo on their way from the Hub alone: there is no torrent of it. */
export class HubDownload {
  readonly #options: HubDownloadOptions;
  readonly #held = new Map<Entry, number>();
  readonly #received: Rate;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #state: TorrentState = 'downloading';
  #error: SwarmError | undefined;

  /** Begins at once. */
  constructor(options: HubDownloadOptions) {
    this.#options = options;
    this.#received = new Rate(options.clock);
    this.#done = this.#run();
    this.#done.catch(() => {});
  }

  status(): TorrentStatus {
    const { name, entries } = this.#options;
    const size = entries.reduce((sum, entry) => sum + entry.size, 0);
    const done = [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0);
    const { total, perSecond } = this.#received;
    return {
      name,
      state: this.#state,
      ...(this.#error ? { error: { code: this.#error.code, message: this.#error.message } } : {}),
      size,
      done,
      progress: size === 0 ? 1 : done / size,
      downRate: perSecond,
      upRate: 0,
      downloaded: total,
      uploaded: 0,
      peers: 0,
      seeds: 0,
      sources: [{ name: 'hub', received: total, rate: perSecond, connections: this.#state === 'downloading' ? 1 : 0 }],
      discovery: [],
    };
  }

  fileStatus(): FileStatus[] {
    return this.#options.entries.map((entry) => ({
      path: entry.path,
      size: entry.size,
      done: this.#held.get(entry) ?? 0,
      isWanted: true,
    }));
  }

  /** Resolves when all files are verified and have their names. Rejects as `fetchFile` does, with the first failure. */
  done(signal?: AbortSignal): Promise<void> {
    return leaveOnAbort(this.#done, signal);
  }

  /** Ends it; what has landed stays for the next time. */
  async stop(): Promise<void> {
    this.#stop.abort(new SwarmError('CLOSED', 'The download was stopped.'));
    await this.#done.catch(() => {});
  }

  async #run(): Promise<void> {
    const [large, small] = [pLimit(LARGE_AT_ONCE), pLimit(SMALL_AT_ONCE)];
    const budget = new ConnectionBudget(CONNECTIONS);
    const places = new Map<string, Promise<void>>();
    const work = this.#options.entries.map((entry) => {
      const target = this.#options.targetOf(entry);
      const known = places.get(target);
      const limit = entry.size > SMALL_BYTES ? large : small;
      const fetched = known ?? limit(() => this.#fetch(entry, target, budget));
      places.set(target, fetched);
      return fetched.then(() => void this.#held.set(entry, entry.size));
    });
    try {
      await Promise.all(work);
      this.#state = 'seeding';
    } catch (error) {
      this.#error = isSwarmError(error) ? error : new SwarmError('INTERNAL', 'A download failed', { cause: error });
      this.#state = isSwarmError(error, 'CLOSED') ? 'stopped' : 'failed';
      this.#stop.abort(this.#error);
      await Promise.allSettled(work);
      throw this.#error;
    }
  }

  async #fetch(entry: Entry, target: string, budget: ConnectionBudget): Promise<void> {
    const { hub, token, repo, commit, name, hashing, clock, random, throttle } = this.#options;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    const onHashed = (bytes: number): void => void this.#held.set(entry, bytes);
    if (await isThere(target, entry, hashing, onHashed)) return;
    await fetchFile({
      entry,
      target,
      name: `${name}/${entry.path}`,
      source: hub.source({ repo, commit, path: entry.path, size: entry.size }, { token }),
      hashing,
      budget,
      clock,
      random,
      throttle,
      signal,
      onProgress: (held, news) => {
        this.#held.set(entry, held);
        this.#received.add(news);
      },
    });
  }
}
