import { SwarmError } from '../errors.ts';

/** What is read of somebody else's torrent: libtorrent's `load_torrent_limits`, and bounds of our own. */
export interface TorrentLimits {
  /** Bytes of a torrent file. Default 10,000,000. */
  readonly torrentBytes?: number;
  /** Bytes of a bare info dictionary, which peers send. Default 31,457,280. */
  readonly infoBytes?: number;
  /** Default 2,097,152. */
  readonly pieces?: number;
  /** Default 500,000. */
  readonly files?: number;
}

export const DEFAULT_LIMITS: Required<TorrentLimits> = {
  torrentBytes: 10_000_000,
  infoBytes: 3 * 1024 * 10_240,
  pieces: 2_097_152,
  files: 500_000,
};

/** Values in a torrent, and lists and dictionaries inside one another. */
export const DECODE_LIMITS = { maxTokens: 3_000_000, maxDepth: 100, unsortedKeys: 'accept' } as const;

/** The error for a torrent that cannot be used; `problem` is the end of a sentence. */
export function badTorrent(problem: string): SwarmError {
  return new SwarmError('BAD_TORRENT', `The torrent ${problem}.`);
}

/** The error for one that is larger than we read. */
export function tooLarge(problem: string): SwarmError {
  return new SwarmError('TOO_LARGE', `The torrent ${problem}.`);
}
