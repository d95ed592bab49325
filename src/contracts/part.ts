/** `[start, end)` of a file. */
export interface PartSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The storage of one file that is on its way: bytes at any offset, and a durable record of which ones are there.
 * The record never runs ahead of the data: after a power loss it names only bytes that had reached the disk.
 */
export interface Part {
  readonly size: number;
  /** What earlier runs left and this one may trust: the last stop was clean. */
  readonly trusted: readonly PartSpan[];
  /** What earlier runs left and must pass `check` before it is used: the last stop was not clean. */
  readonly doubted: readonly PartSpan[];
  /** Writes the chunks one after the other from `position` on. Throws DISK_FULL. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads up to `buffer.length` bytes at `position`; resolves with the count. The caller knows that they are there. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Flushes the data, then records all writes that had finished when it was called. */
  commit(): Promise<void>;
  /** Bytes written since the last commit. */
  readonly uncommitted: number;
  /** Compares a doubted span with its checksum. False means: fetch it again. */
  check(span: PartSpan): Promise<boolean>;
  /**
   * Commits, and marks the stop as clean if nothing is in doubt any more (unless `discard`, which deletes everything).
   * Idempotent.
   */
  close(options?: { readonly discard?: boolean }): Promise<void>;
}
