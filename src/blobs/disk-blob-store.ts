import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobLease, BlobStore, BlobUsage, Reservation } from '../contracts/blob-store.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { BlobIndex, StoredBlob } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Blob, ContentId } from '../contracts/domain.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { Logger } from '../contracts/logger.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { BlobReader } from './blob-reader.ts';
import { Descriptors } from './descriptors.ts';
import { blobPath, fillsPath } from './layout.ts';
import { Leases } from './leases.ts';
import { MoveGate } from './move-gate.ts';
import { promotePart, refuseOtherContent } from './promote.ts';
import { quarantineBlob } from './quarantine.ts';
import { reconcile, settleRow } from './reconcile.ts';
import { Reservations } from './reservations.ts';
import { type ScrubOptions, scrubForever } from './scrub.ts';
import { ShardFolders } from './shard-folders.ts';
import { type DiskRoom, measureDisk } from './space.ts';
import type { StoreParts } from './store-parts.ts';
import { syncDirectory } from './sync-directory.ts';
import { Turns } from './turns.ts';

/** Idle files that stay open: enough for the hot files of a busy mirror, a quarter of the usual limit of 1,024. */
const MOST_IDLE_DESCRIPTORS = 256;
const DEFAULT_MIN_FREE_SPACE = 2e9;

export interface BlobStoreOptions {
  /** At least one, each opened with `openDataDir` (its `path`). */
  readonly directories: readonly string[];
  readonly index: BlobIndex;
  readonly hashing: HashPool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of blobs, parts and reservations together. Default: as much as the disks have. */
  readonly maxCacheSize?: number | undefined;
  /** Bytes to be left free on every disk. Default 2 GB. */
  readonly minFreeSpace?: number | undefined;
  /** Background checks of what is held; `false` turns them off. */
  readonly scrub?: ScrubOptions | false | undefined;
  /** How a directory's disk is measured. Default: by the operating system. */
  readonly measure?: (directory: string) => Promise<DiskRoom>;
}

export interface DiskBlobStore extends BlobStore {
  /**
   * Resolves when files and rows that a crash has left apart are together again, and what exceeds the limits is evicted
   * (or the store was closed).
   */
  readonly reconciled: Promise<void>;
}

/** Opens the store. Crash leftovers are sorted out behind it. Errors: CONFIG (no directory), INTERNAL (I/O). */
export async function openBlobStore(options: BlobStoreOptions): Promise<DiskBlobStore> {
  const { directories, maxCacheSize, minFreeSpace = DEFAULT_MIN_FREE_SPACE } = options;
  if (directories.length === 0) throw new SwarmError('CONFIG', 'At least one directory is needed to store files');
  for (const directory of directories) {
    await mkdir(join(directory, 'blobs'), { recursive: true, mode: 0o700 });
    await mkdir(fillsPath(directory), { recursive: true, mode: 0o700 });
    await syncDirectory(directory);
  }
  return new BlobStoreOnDisk(options, { maxCacheSize, minFreeSpace });
}

class BlobStoreOnDisk implements DiskBlobStore {
  readonly reconciled: Promise<void>;
  readonly #parts: StoreParts;
  readonly #limits: { readonly maxCacheSize: number | undefined; readonly minFreeSpace: number };
  readonly #reservations: Reservations;
  readonly #stop = new AbortController();
  readonly #background: Promise<void>;
  /** Changes that were begun: `close` waits for them. */
  readonly #changes = new Set<Promise<unknown>>();

  constructor(
    options: BlobStoreOptions,
    limits: { readonly maxCacheSize: number | undefined; readonly minFreeSpace: number },
  ) {
    const { directories, index, hashing, clock, logger } = options;
    this.#parts = {
      ...{ directories, index, hashing, clock, logger },
      leases: new Leases(),
      descriptors: new Descriptors(MOST_IDLE_DESCRIPTORS),
      shards: new ShardFolders(),
      gate: new MoveGate(),
      turns: new Turns(),
    };
    this.#limits = limits;
    this.#reservations = new Reservations(this.#parts, limits, options.measure ?? measureDisk);
    this.reconciled = this.#untilClosed(this.#settle(), 'could not bring files and index together');
    this.#background = this.#scrubAfter(this.reconciled, options.scrub ?? {});
  }

  find(id: ContentId): Blob | undefined {
    const row = this.#parts.index.findContent(id);
    return row && { sha256: row.sha256, size: row.size, gitOid: row.gitOid };
  }

  async open(sha256: string): Promise<ByteReader | undefined> {
    this.#refuseClosed();
    const { index, leases, clock } = this.#parts;
    const row = index.blob(sha256);
    if (!row) return undefined;
    // Leased before the first wait: it must not be evicted meanwhile.
    const release = leases.take(sha256);
    try {
      const reader = await this.#openFile(row, release);
      if (!reader) release();
      else index.touchBlob(sha256, clock.now());
      return reader;
    } catch (error) {
      release();
      throw error;
    }
  }

  lease(sha256: string): BlobLease | undefined {
    this.#refuseClosed();
    const row = this.#parts.index.blob(sha256);
    return row && { path: blobPath(row.directory, sha256), close: this.#parts.leases.take(sha256) };
  }

  async reserve(
    bytes: number,
    options: { readonly directory?: string; readonly spares?: boolean } = {},
  ): Promise<Reservation> {
    this.#refuseClosed();
    return this.#change(this.#reservations.reserve(bytes, options.directory, options.spares));
  }

  async promote(partPath: string, blob: Blob, ids: readonly ContentId[]): Promise<void> {
    this.#refuseClosed();
    await this.#change(promotePart(this.#parts, partPath, blob, ids));
  }

  link(sha256: string, id: ContentId): void {
    const blob = this.#parts.index.blob(sha256);
    if (!blob) return;
    refuseOtherContent(blob, id);
    this.#parts.index.linkContent(sha256, id);
  }

  usage(): BlobUsage {
    return { ...this.#parts.index.totals(), reserved: this.#reservations.unwritten, ...this.#limits };
  }

  async close(): Promise<void> {
    this.#stop.abort(new SwarmError('CLOSED', 'The blob store was closed'));
    await this.#background;
    await Promise.allSettled(this.#changes);
    this.#parts.descriptors.close();
  }

  async #openFile(row: StoredBlob, releaseLease: () => void): Promise<ByteReader | undefined> {
    try {
      const { descriptor, release } = await this.#useFile(row);
      if (descriptor.size === row.size) {
        return new BlobReader(descriptor, {
          onIdle: () => {
            release();
            releaseLease();
          },
          onUnreadable: (reason) => this.#lose(row, reason),
        });
      }
      release();
      this.#lose(row, `its file has ${descriptor.size} bytes instead of ${row.size}`);
    } catch (error) {
      if (error instanceof SwarmError) throw error;
      if (!isMissing(error)) {
        const reason = (error as Error).message;
        throw new SwarmError('INTERNAL', `Could not open stored blob ${row.sha256}: ${reason}`, { cause: error });
      }
    }
    return undefined;
  }

  /** Rejects with ENOENT when the file is in no directory; the row is gone then. */
  async #useFile(row: StoredBlob): ReturnType<Descriptors['use']> {
    const { descriptors } = this.#parts;
    try {
      return await descriptors.use(row.sha256, () => blobPath(row.directory, row.sha256));
    } catch (error) {
      const settled = isMissing(error) ? await settleRow(this.#parts, row.sha256) : undefined;
      if (!settled) throw error;
      return descriptors.use(row.sha256, () => blobPath(settled.directory, row.sha256));
    }
  }

  /** A blob turned out to be damaged while it was read. */
  #lose(row: StoredBlob, reason: string): void {
    if (!this.#parts.index.blob(row.sha256)) return;
    this.#change(quarantineBlob(this.#parts, row, reason)).catch((error: unknown) => {
      this.#parts.logger.error({ sha256: row.sha256, error: (error as Error).message }, 'quarantine failed');
    });
  }

  /** After a restart: what is on the disk is known again, and comes under limits that may have been lowered. */
  async #settle(): Promise<void> {
    await reconcile(this.#parts, this.#stop.signal);
    try {
      (await this.#reservations.reserve(0, undefined)).release();
    } catch (error) {
      if (!isSwarmError(error, 'DISK_FULL')) throw error;
      this.#parts.logger.warn({ error: error.message }, 'no new files can be stored');
    }
  }

  async #scrubAfter(reconciled: Promise<void>, options: ScrubOptions | false): Promise<void> {
    await reconciled;
    if (options === false) return;
    await this.#untilClosed(scrubForever(this.#parts, options, this.#stop.signal), 'background checks have stopped');
  }

  async #untilClosed(work: Promise<void>, failure: string): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#parts.logger.error({ error: (error as Error).message }, failure);
    }
  }

  #change<T>(change: Promise<T>): Promise<T> {
    this.#changes.add(change);
    const forget = (): void => void this.#changes.delete(change);
    change.then(forget, forget);
    return change;
  }

  #refuseClosed(): void {
    this.#stop.signal.throwIfAborted();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
