import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../src/base/silent-logger.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { type BlobStoreOptions, type DiskBlobStore, openBlobStore } from '../../src/blobs/disk-blob-store.ts';
import { openCatalog } from '../../src/catalog/catalog.ts';
import type { Catalog } from '../../src/contracts/catalog.ts';
import { createHashPool } from '../../src/hashing/hash-pool.ts';

/** A disk store and what it stands on. */
export interface DiskStore {
  readonly blobs: DiskBlobStore;
  readonly catalog: Catalog;
  /** Closes all of it. Idempotent; also done when the test ends. */
  close(): Promise<void>;
}

/** Opens a store on the real disk; its catalogue lies in the first directory. Neither scrub nor free-space floor by default. */
export async function openDiskStore(
  directories: readonly string[],
  options: Partial<BlobStoreOptions> = {},
): Promise<DiskStore> {
  const [first = ''] = directories;
  const clock = options.clock ?? systemClock;
  const catalog = openCatalog({ path: join(first, 'catalog.db'), clock, logger: silentLogger });
  const hashing = createHashPool({ threads: 1 });
  const defaults = { index: catalog, hashing, clock, logger: silentLogger, minFreeSpace: 0, scrub: false as const };
  const blobs = await openBlobStore({ ...defaults, ...options, directories });
  const close = async (): Promise<void> => {
    await blobs.close();
    await hashing.close();
    catalog.close();
  };
  onTestFinished(close);
  return { blobs, catalog, close };
}
