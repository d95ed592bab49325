import { readdir, readlink, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeBlobStore } from '../../test/support/blob-store-conformance.ts';
import { openDiskStore } from '../../test/support/disk-store.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { makeSample, openHeld, readAll, store } from '../../test/support/samples.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { blobPath } from './layout.ts';

describeBlobStore('disk blob store', async () => {
  const directory = await tempDir();
  return (options) => openDiskStore([directory], options);
});

/** The files below a directory that this process has open (Linux says where each descriptor points). */
async function openFilesBelow(directory: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(join(directory, 'blobs')));
}

describe('the disk blob store', () => {
  test('opens a blob that was open a moment ago without asking the disk', async () => {
    const directory = await tempDir();
    const { blobs } = await openDiskStore([directory]);
    const sample = makeSample(1000);
    await store(blobs, sample);
    (await openHeld(blobs, sample.sha256)).close();
    await unlink(blobPath(directory, sample.sha256));
    const reader = await openHeld(blobs, sample.sha256);
    expect(await readAll(reader)).toEqual(new Uint8Array(sample.bytes));
    reader.close();
  });

  test('says that a blob is not held when its file is gone or has another length, and warns', async () => {
    const directory = await tempDir();
    const logger = recordingLogger();
    const { blobs } = await openDiskStore([directory], { logger });
    const [gone, longer] = [makeSample(1000), makeSample(1000)];
    await store(blobs, gone);
    await store(blobs, longer);
    await unlink(blobPath(directory, gone.sha256));
    await writeFile(blobPath(directory, longer.sha256), new Uint8Array(1001));
    for (const sample of [gone, longer]) {
      expect(await blobs.open(sample.sha256)).toBeUndefined();
      expect(blobs.find(sample.id)).toBeUndefined();
      const warning = { level: 'warn', fields: expect.objectContaining({ sha256: sample.sha256 }) };
      expect(logger.lines).toContainEqual(expect.objectContaining(warning));
    }
    await store(blobs, longer);
    const reader = await openHeld(blobs, longer.sha256);
    expect(await readAll(reader)).toEqual(new Uint8Array(longer.bytes));
    reader.close();
  });

  test('gives up a blob whose file became shorter under its reader, so that the next request fetches it', async () => {
    const directory = await tempDir();
    const { blobs } = await openDiskStore([directory]);
    const sample = makeSample(1000);
    await store(blobs, sample);
    const reader = await openHeld(blobs, sample.sha256);
    await truncate(blobPath(directory, sample.sha256), 500);
    expect(await reader.read(new Uint8Array(1000), 0)).toBe(500);
    await expect(reader.read(new Uint8Array(1000), 500)).rejects.toMatchObject({ code: 'INTEGRITY' });
    await expect(reader.read(new Uint8Array(1000), 0)).rejects.toMatchObject({ code: 'INTEGRITY' });
    expect(blobs.find(sample.id)).toBeUndefined();
    reader.close();
    await expect.poll(() => readdir(join(directory, 'quarantine'))).toHaveLength(1);
  });

  test('finds its blobs again after its directory was moved', async () => {
    const old = await tempDir();
    const { blobs, close } = await openDiskStore([old]);
    const [lfs, plain] = [makeSample(1000), makeSample(2000, 'plain')];
    await store(blobs, lfs);
    await store(blobs, plain);
    await close();
    const moved = join(await tempDir(), 'moved');
    await rename(old, moved);
    const again = await openDiskStore([moved]);
    // At once, before anything was looked through: opening finds it.
    const reader = await openHeld(again.blobs, lfs.sha256);
    expect(await readAll(reader)).toEqual(new Uint8Array(lfs.bytes));
    reader.close();
    await again.blobs.reconciled;
    expect(again.blobs.find(plain.id)?.sha256).toBe(plain.sha256);
    expect(again.catalog.blob(plain.sha256)?.directory).toBe(moved);
  });

  test('keeps a bounded number of unused files open, and none that was evicted', async () => {
    const directory = await tempDir();
    const { blobs, close } = await openDiskStore([directory], { maxCacheSize: 3000 });
    const samples = Array.from({ length: 300 }, () => makeSample(10));
    for (const sample of samples) {
      await store(blobs, sample);
      (await openHeld(blobs, sample.sha256)).close();
    }
    await expect.poll(() => openFilesBelow(directory)).toHaveLength(256);
    const reservation = await blobs.reserve(3000);
    await expect.poll(() => openFilesBelow(directory)).toHaveLength(0);
    reservation.release();
    await store(blobs, samples[0] ?? makeSample(10));
    const reader = await openHeld(blobs, samples[0]?.sha256 ?? '');
    await close();
    expect(await openFilesBelow(directory)).toHaveLength(1);
    reader.close();
    await expect.poll(() => openFilesBelow(directory)).toHaveLength(0);
  });

  test('needs a directory', async () => {
    const { catalog } = await openDiskStore([await tempDir()]);
    await expect(openDiskStore([], { index: catalog })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  test('stores nothing that others may read', async () => {
    const directory = await tempDir();
    const { blobs } = await openDiskStore([directory]);
    const sample = makeSample(10);
    await store(blobs, sample);
    const modes = [join(directory, 'blobs'), join(blobPath(directory, sample.sha256), '..')];
    for (const path of modes) expect((await stat(path)).mode & 0o077).toBe(0);
  });
});
