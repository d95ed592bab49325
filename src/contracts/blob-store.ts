import type { ByteReader } from './byte-reader.ts';
import type { Blob, ContentId } from './domain.ts';

/** Room set aside for bytes that are about to come, so that concurrent fills cannot run the disk full together. */
export interface Reservation {
  /** The store directory in which the room is. A fill keeps its part file below it, so that promotion is a rename. */
  readonly directory: string;
  /** Says that `bytes` of the reservation are on the disk now (they count as used instead of reserved). */
  written(bytes: number): void;
  /** Gives back what is left. Idempotent. */
  release(): void;
}

/** Content-addressed, verified bytes. Nothing unverified is ever readable from it. */
export interface BlobStore {
  /** The blob that this content id names, if it is held. */
  find(id: ContentId): Blob | undefined;
  /** A leased reader, or undefined when the blob is not held (or was just found rotten). Marks it as used. */
  open(sha256: string): Promise<ByteReader | undefined>;
  /** A file with the bytes of a held blob, for threads that read by themselves; it is not evicted before `close()`. */
  lease(sha256: string): BlobLease | undefined;
  /**
   * Sets aside room for `bytes`, evicting the least recently used blobs that are neither leased nor pinned.
   * `directory` asks for that store directory (a resumed fill must stay where its part file is).
   * `spares`: evicts nothing for it, for what can be done without.
   * Throws DISK_FULL when `maxCacheSize` or `minFreeSpace` leaves no room.
   */
  reserve(bytes: number, options?: { readonly directory?: string; readonly spares?: boolean }): Promise<Reservation>;
  /**
   * Makes a verified part file a blob: fsync, rename, fsync of the directory, index. The caller has proved that the
   * bytes have these hashes, and names the content ids they answer to. If the blob is held already, the part is dropped.
   */
  promote(partPath: string, blob: Blob, ids: readonly ContentId[]): Promise<void>;
  /** Lets a held blob answer to one more content id (equal bytes, proved by both hashes). */
  link(sha256: string, id: ContentId): void;
  /** Bytes held, bytes reserved, count, and the limits. */
  usage(): BlobUsage;
  close(): Promise<void>;
}

/** A held blob that stays where it is. */
export interface BlobLease {
  readonly path: string;
  /** Idempotent. */
  close(): void;
}

export interface BlobUsage {
  readonly blobs: number;
  readonly bytes: number;
  readonly reserved: number;
  readonly maxCacheSize: number | undefined;
  readonly minFreeSpace: number;
}
