/** Hashes for torrents of bytes that come as a stream; runs in browsers too. */
export type { FileHashes, MerkleHashes, PieceHashes } from '../contracts/piece-hashes.ts';
export { createStreamHasher, type StreamHasher } from './stream-hasher.ts';
