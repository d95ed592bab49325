import type { PieceHashes } from './piece-hashes.ts';

/** Hashes of a whole file in progress. One per fill; the work happens off the main thread. */
export interface FileHasher {
  /** Bytes hashed so far: everything before it has been taken in. */
  readonly position: number;
  /** Takes in the bytes `[position, to)` of the file on disk. Calls must not overlap. */
  advance(to: number): Promise<void>;
  /** The digests of the whole file, hex (`gitOid` is '' if it was left out); `position` must equal the size. Ends the hasher. */
  finish(): Promise<{ readonly sha256: string; readonly gitOid: string }>;
  /** Drops the state. Idempotent. */
  close(): void;
}

/** `[start, end)` of a file on the disk; bytes as its path where a name is not UTF-8. */
export interface FilePart {
  readonly path: string | Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Bytes of a run: of a file, or in memory. */
export type RunPart = FilePart | Uint8Array;

/** Which hashes of a run are wanted. The run begins at a boundary of all of these lengths. */
export interface RunHashOptions {
  /** BEP 3 pieces of these lengths, in bytes. */
  readonly pieceLengths: readonly number[];
  /** BEP 52 nodes of this many bytes each (a power of two from 16 KiB on); none when it is left out. */
  readonly nodeLength?: number | undefined;
}

export interface RunHashes {
  /** 32 bytes per node, the last one filled up with zero leaves. */
  readonly nodes: Uint8Array;
  /** The root of the run as a file of its own; empty when it is longer than one node, or has no bytes. */
  readonly root: Uint8Array;
  /** In the order of `pieceLengths`. */
  readonly pieces: readonly PieceHashes[];
}

/** What a run must hash to: whatever is given must match. */
export interface RunExpectation {
  /** SHA-1 of the run as one piece. */
  readonly sha1?: Uint8Array | undefined;
  /** The run as one BEP 52 node; `isRoot`: as a file of its own. */
  readonly node?: { readonly hash: Uint8Array; readonly isRoot: boolean } | undefined;
}

/** Bytes that go into an open file. */
export interface RunWrite {
  /** File descriptor, open for writing until the call is over. */
  readonly fd: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** `wrong`: it is not what it should be, and nothing was written; `unwritten`: it is, and not all of it could be written. */
export type StoreOutcome = 'stored' | 'wrong' | 'unwritten';

/** The threads that hash. */
export interface HashPool {
  /** How many threads there are at most: as many runs as that are worth hashing at the same time. */
  readonly threads: number;
  /** Do they read shared memory where it is? WebCrypto takes none. */
  readonly sharesMemory: boolean;

  /**
   * Hashes a run of bytes for torrents: its parts, one after the other. Rejects with INTERNAL when a file cannot be read, CLOSED
   * after `close`.
   */
  hashRun(parts: readonly RunPart[], options: RunHashOptions): Promise<RunHashes>;

  /**
   * Hashes one piece in memory and, when it is right, writes it, all in one visit to a thread: waking one costs 0.1 ms here, as much as hashing
   * 200 kB. The bytes should be in shared memory, else they are copied. Rejects as `hashRun`.
   */
  storeRun(
    bytes: Uint8Array,
    options: RunHashOptions,
    expected: RunExpectation,
    writes: readonly RunWrite[],
  ): Promise<StoreOutcome>;

  /**
   * Starts hashing the file at `path`, whose final length is `size` (git's blob header needs it). `gitOid: false` leaves
   * the SHA-1 out, which nearly halves the work.
   */
  open(path: string, size: number, options?: { readonly gitOid?: boolean }): FileHasher;
  /** CRC-32 (zlib's) of `[start, end)` of the file at `path`: checks journal records after an unclean stop. */
  crc32(path: string, start: number, end: number): Promise<number>;
  /** Ends all threads. */
  close(): Promise<void>;
}
