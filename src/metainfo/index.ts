/** Torrent files and magnet links: read, checked, made. BitTorrent v1, v2 and both; runs in browsers too. */
export type { FileHashes, MerkleHashes, PieceHashes } from '../contracts/piece-hashes.ts';
export {
  CANONICAL_VERSION,
  type CanonicalFile,
  type CanonicalLayout,
  canonicalPieceLength,
  type LaidOutFile,
  planFileTorrent,
  planRepoTorrent,
  type SealedTorrent,
  sealLayout,
  type Variant,
} from './canonical.ts';
export { createTorrent, type TorrentContent } from './create-torrent.ts';
export type { TorrentLimits } from './limits.ts';
export { formatMagnet, type Magnet, parseMagnet } from './magnet.ts';
export { parseInfo } from './parse-info.ts';
export { parseTorrent } from './parse-torrent.ts';
export type { Provenance, Torrent, TorrentFile } from './torrent.ts';
