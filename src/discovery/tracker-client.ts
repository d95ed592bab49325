import type { PeerAddress } from '../contracts/connection.ts';
import type { AnnounceStats } from '../contracts/discovery.ts';

/** What trackers are told once, each at its time. */
export type AnnounceEvent = 'started' | 'completed' | 'stopped';

/** What one tracker is told and asked. */
export interface AnnounceRequest {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where we listen. */
  readonly port: number;
  readonly stats: AnnounceStats;
  readonly event?: AnnounceEvent | undefined;
  /** How many peers the answer should have. */
  readonly wanted: number;
  /** 32 bits that stay the same: by them a tracker knows us when our address changes. */
  readonly key: number;
  /** What this tracker called us in an earlier answer. */
  readonly trackerId?: Uint8Array | undefined;
}

/** What a tracker says. Its numbers are as it sent them, never negative. */
export interface AnnounceAnswer {
  readonly peers: readonly PeerAddress[];
  /** Seconds until it wants to hear from us again. */
  readonly interval?: number | undefined;
  /** Seconds before which it does not want to. */
  readonly minInterval?: number | undefined;
  readonly seeds?: number | undefined;
  readonly leechers?: number | undefined;
  readonly trackerId?: Uint8Array | undefined;
  /** Words for people; the answer counts all the same. */
  readonly warning?: string | undefined;
}

/** How a swarm stands, as a tracker counts. */
export interface ScrapeCounts {
  readonly seeds: number;
  readonly leechers: number;
  /** Downloads that came to their end, ever. */
  readonly completed: number;
}

/** Talks to trackers of one protocol. */
export interface TrackerClient {
  /** Rejects with TRACKER_FAILED (`retryAfterSeconds` when the tracker said so), or `signal.reason`. */
  announce(url: string, request: AnnounceRequest, signal: AbortSignal): Promise<AnnounceAnswer>;
  /** One entry for each info-hash, 70 at most; undefined where the tracker does not know it. Rejects as `announce` does. */
  scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly (ScrapeCounts | undefined)[]>;
}

/** A packet of UDP has room for 74. */
export const MOST_SCRAPED = 70;
