import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDiskStore } from '../../test/support/disk-store.ts';
import { makeSample, openHeld, readAll, store, writePart } from '../../test/support/samples.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { silentLogger } from '../base/silent-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { BlobIndex } from '../contracts/catalog.ts';
import { SwarmError } from '../errors.ts';
import { blobPath } from './layout.ts';

/** An index that can be told to refuse the next change, as one on a full disk does. */
async function indexThatFills(): Promise<{ index: BlobIndex; refuse: (method: 'putBlob' | 'removeBlob') => void }> {
  const catalog = openCatalog({ path: join(await tempDir(), 'other.db'), clock: systemClock, logger: silentLogger });
  onTestFinished(() => catalog.close());
  let refused = '';
  const unlessRefused = (method: string): void => {
    if (refused !== method) return;
    refused = '';
    throw new SwarmError('DISK_FULL', 'The disk is full');
  };
  const index: BlobIndex = {
    ...catalog,
    putBlob(blob, ids) {
      unlessRefused('putBlob');
      catalog.putBlob(blob, ids);
    },
    removeBlob(sha256) {
      unlessRefused('removeBlob');
      catalog.removeBlob(sha256);
    },
  };
  return {
    index,
    refuse(method) {
      refused = method;
    },
  };
}

test('when its row finds no room, a promoted part is a part again and can be promoted later', async () => {
  const directory = await tempDir();
  const { index, refuse } = await indexThatFills();
  const { blobs } = await openDiskStore([directory], { index });
  const { bytes, sha256, gitOid, size, id } = makeSample(1000);
  const reservation = await blobs.reserve(size);
  const part = await writePart(reservation, bytes);
  refuse('putBlob');
  await expect(blobs.promote(part, { sha256, gitOid, size }, [id])).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect((await stat(part)).size).toBe(1000);
  expect(await readdir(join(blobPath(directory, sha256), '..'))).toEqual([]);
  await blobs.promote(part, { sha256, gitOid, size }, [id]);
  reservation.release();
  const reader = await openHeld(blobs, sha256);
  expect(await readAll(reader)).toEqual(new Uint8Array(bytes));
  reader.close();
});

test('when not even a row can be removed, eviction deletes the file first', async () => {
  const directory = await tempDir();
  const { index, refuse } = await indexThatFills();
  const { blobs } = await openDiskStore([directory], { index, maxCacheSize: 1000 });
  const sample = makeSample(1000);
  await store(blobs, sample);
  refuse('removeBlob');
  (await blobs.reserve(1000)).release();
  expect(blobs.usage().blobs).toBe(0);
  await expect(stat(blobPath(directory, sample.sha256))).rejects.toMatchObject({ code: 'ENOENT' });
});
