import type { DiscoveryStatus } from '../contracts/discovery.ts';

/**
 * `metadata`: a magnet link whose content is not known yet; `checking`: what is on the disk is hashed; `downloading`; `seeding`: everything that is wanted is
 * here; `stopped`: by the user; `failed`: see `error`.
 */
export type TorrentState = 'metadata' | 'checking' | 'downloading' | 'seeding' | 'stopped' | 'failed';

/** A torrent at a moment: plain data, which can be sent anywhere as JSON. Sizes in bytes, rates in bytes per second. */
export interface TorrentStatus {
  readonly name: string;
  /** Hex. */
  readonly infoHash?: string;
  /** Hex. */
  readonly infoHashV2?: string;
  readonly state: TorrentState;
  readonly error?: { readonly code: string; readonly message: string };
  /** Of the files that are wanted; 0 until it is known. */
  readonly size: number;
  /** Of it verified and stored; while `checking`, what of it has been looked at. */
  readonly done: number;
  /** 0..1 */
  readonly progress: number;
  readonly downRate: number;
  readonly upRate: number;
  /** From peers and sources, ever. */
  readonly downloaded: number;
  readonly uploaded: number;
  readonly peers: number;
  /** Of them those that have everything. */
  readonly seeds: number;
  /** Where bytes come from: `peers` first, then each web seed, the Hub. */
  readonly sources: readonly SourceShare[];
  readonly discovery: readonly DiscoveryStatus[];
}

/** What one kind of source has brought. */
export interface SourceShare {
  readonly name: string;
  readonly received: number;
  readonly rate: number;
  /** Connections. */
  readonly connections: number;
  readonly error?: string;
}

/** One file at a moment. */
export interface FileStatus {
  /** `/`-joined below the torrent's name. */
  readonly path: string;
  readonly size: number;
  readonly done: number;
  readonly isWanted: boolean;
}
