/** The bytes of a torrent's files. Files go by their place in the torrent; pads and links have no bytes here. */
export interface TorrentStorage {
  /** Fills `target` with the bytes of `file` from `position` on. Rejects with STORAGE when they are not there. */
  read(file: number, position: number, targets: readonly Uint8Array[]): Promise<void>;
  /** Writes verified bytes. Rejects with STORAGE, DISK_FULL. */
  write(file: number, position: number, bytes: Uint8Array): Promise<void>;
  /**
   * Runs `work` with the file open for writing, for threads that write by themselves; left out by what has no files. Rejects with STORAGE,
   * DISK_FULL, and what `work` rejects with.
   */
  withFile?<T>(file: number, work: (fd: number) => Promise<T>): Promise<T>;
  /** How the file stands on the disk, to see whether somebody else has changed it; undefined when it is not there. */
  state(file: number): Promise<StoredFile | undefined>;
  /** Everything written to these files survives a power loss once this has resolved. */
  flush(files: Iterable<number>): Promise<void>;
  /** Every byte of the file is written and verified: it may get its final name. */
  complete(file: number): Promise<void>;
  /** Lets go of files that are open. It may be used again: they are opened anew. */
  close(): Promise<void>;
}

/** Something on the disk. */
export interface StoredFile {
  /** For threads that read by themselves; undefined when it has none. */
  readonly path: string | Uint8Array | undefined;
  readonly length: number;
  /** Changes when somebody writes to it. */
  readonly version: string;
}
