/**
 * Promotes blobs into a data directory until it is killed, and prints each one that is safely held. To be run as a
 * process of its own: `promote-until-killed.ts <directory> <maxCacheSize, or 0>`.
 */
import { join } from 'node:path';
import { silentLogger } from '../../src/base/silent-logger.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { openDataDir } from '../../src/blobs/data-dir.ts';
import { openBlobStore } from '../../src/blobs/disk-blob-store.ts';
import { openCatalog } from '../../src/catalog/catalog.ts';
import { createHashPool } from '../../src/hashing/hash-pool.ts';
import { makeSample, store } from './samples.ts';

const [directory = '', limit = '0'] = process.argv.slice(2);
const { path } = await openDataDir(directory);
const common = { clock: systemClock, logger: silentLogger };
const blobs = await openBlobStore({
  ...{ ...common, directories: [path], minFreeSpace: 0, hashing: createHashPool() },
  index: openCatalog({ path: join(path, 'catalog.db'), ...common }),
  maxCacheSize: Number(limit) || undefined,
});

async function promoteForever(): Promise<never> {
  for (;;) {
    const sample = makeSample(1 + Math.floor(Math.random() * 50_000));
    await store(blobs, sample);
    process.stdout.write(`${sample.sha256} ${sample.size}\n`);
  }
}

await Promise.all([promoteForever(), promoteForever(), promoteForever()]);
