/**
 * Random access to the bytes of one file that is held or on its way. What the HTTP senders read from.
 * A reader holds a lease: the file is not evicted before `close()`.
 */
export interface ByteReader {
  readonly size: number;
  /**
   * Reads at most `buffer.length` bytes at `position` into `buffer`, and resolves with the count (> 0, 0 only at the
   * end of the file). Waits while the bytes are not here yet. Concurrent reads are allowed.
   * Throws SwarmError (INTEGRITY, DISK_FULL, UPSTREAM_*, CLOSED) when the bytes will not come.
   */
  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number>;
  /** Gives the lease back. Idempotent. */
  close(): void;
}
