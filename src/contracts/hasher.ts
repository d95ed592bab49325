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

/** The threads that hash. */
export interface HashPool {
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
