import type { RepoRef } from './domain.ts';

/** What was served of one repo, since the data directory was made. */
export interface RepoCounters {
  readonly repo: RepoRef;
  /** GETs of its files that were answered with bytes. */
  readonly requests: number;
  /** Bytes of its files that went out over HTTP. */
  readonly bytesToClients: number;
  /** Bytes of its files that came from the Hub. */
  readonly bytesFromHub: number;
  /** Bytes of its files that went to or came from peers of a swarm. */
  readonly bytesByPeers: number;
  /** Milliseconds since the epoch. */
  readonly lastRequest: number;
}

/** Counts per repo. Adding is cheap (memory); it is written in batches, so a crash may lose the last second. */
export interface Counters {
  add(repo: RepoRef, amounts: Partial<Omit<RepoCounters, 'repo' | 'lastRequest'>>): void;
  /** Repos with the most bytes to clients first. Includes what has not been written yet. */
  topRepos(limit: number): RepoCounters[];
  /** Over all repos that were ever counted, those that were forgotten since included. */
  totals(): Omit<RepoCounters, 'repo' | 'lastRequest'>;
}
