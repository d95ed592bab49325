/**
 * What torrents need to know of some bytes, whatever their name. It follows from the bytes alone, so it is kept by their SHA-256 and
 * shared by all files that have them.
 */

/** The BEP 52 side: enough for a torrent of any piece length from 1 MiB on. */
export interface MerkleHashes {
  /** Root over the 16 KiB blocks (`pieces root`), 32 bytes; empty for a file of no bytes, which has none. */
  readonly root: Uint8Array;
  /** Hashes of the 1 MiB subtrees in order, 32 bytes each; empty for a file of at most 1 MiB, whose root says it all. */
  readonly nodes: Uint8Array;
}

/** The BEP 3 side at one piece length, for a file that begins at a piece boundary. */
export interface PieceHashes {
  /** Bytes per piece: a power of two, at least 1 MiB. */
  readonly pieceLength: number;
  /** SHA-1 of each piece, 20 bytes each; the last piece is as short as the file leaves it. */
  readonly pieces: Uint8Array;
  /** SHA-1 of the last piece filled up with zeros (BEP 47 pads), 20 bytes; empty when it is full anyway. */
  readonly paddedLast: Uint8Array;
}

/** Both sides, as far as they were computed. */
export interface FileHashes {
  readonly merkle: MerkleHashes;
  readonly pieces: readonly PieceHashes[];
}

/** Piece hashes of held blobs, by the blob's SHA-256 (hex). */
export interface PieceHashStore {
  /** Is there everything that a torrent with pieces of this length needs? */
  has(sha256: string, pieceLength: number): boolean;
  merkleHashes(sha256: string): MerkleHashes | undefined;
  pieceHashes(sha256: string, pieceLength: number): PieceHashes | undefined;
  /** Adds to what is known. */
  putHashes(sha256: string, hashes: FileHashes): void;
}
