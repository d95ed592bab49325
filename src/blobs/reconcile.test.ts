import { copyFile, mkdir, readdir, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openDiskStore } from '../../test/support/disk-store.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { makeSample, openHeld, readAll, store } from '../../test/support/samples.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { blobPath } from './layout.ts';

async function placeFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

test('a file without a row is adopted when its bytes match its name, by its age', async () => {
  const directory = await tempDir();
  const sample = makeSample(100_000);
  const path = blobPath(directory, sample.sha256);
  await placeFile(path, sample.bytes);
  await utimes(path, 1_600_000_000, 1_600_000_000);
  const { blobs, catalog } = await openDiskStore([directory]);
  await blobs.reconciled;
  expect(blobs.find(sample.id)).toMatchObject({ gitOid: sample.gitOid, size: 100_000 });
  expect(catalog.blob(sample.sha256)?.usedAt).toBe(1_600_000_000_000);
  expect(blobs.usage()).toMatchObject({ blobs: 1, bytes: 100_000 });
});

test('a file without a row goes to quarantine when its bytes do not match its name', async () => {
  const directory = await tempDir();
  const sample = makeSample(1000);
  await placeFile(blobPath(directory, sample.sha256), sample.bytes.fill(0));
  const { blobs } = await openDiskStore([directory]);
  await blobs.reconciled;
  expect(await blobs.open(sample.sha256)).toBeUndefined();
  expect(await exists(blobPath(directory, sample.sha256))).toBe(false);
  expect(await readdir(join(directory, 'quarantine'))).toEqual([expect.stringContaining(sample.sha256)]);
});

test('a row without a file is forgotten, and others stay', async () => {
  const directory = await tempDir();
  const { blobs, close } = await openDiskStore([directory]);
  const [gone, held] = [makeSample(1000), makeSample(1000)];
  await store(blobs, gone);
  await store(blobs, held);
  await close();
  await unlink(blobPath(directory, gone.sha256));
  const logger = recordingLogger();
  const again = await openDiskStore([directory], { logger });
  await again.blobs.reconciled;
  expect(again.blobs.find(gone.id)).toBeUndefined();
  expect(again.blobs.find(held.id)).toBeDefined();
  expect(again.blobs.usage()).toMatchObject({ blobs: 1, bytes: 1000 });
  const warning = { level: 'warn', fields: expect.objectContaining({ sha256: gone.sha256 }) };
  expect(logger.lines).toContainEqual(expect.objectContaining(warning));
});

test('all blobs come back by their LFS ids after the catalogue was lost', async () => {
  const directory = await tempDir();
  const { blobs, close } = await openDiskStore([directory]);
  const samples = Array.from({ length: 40 }, () => makeSample(1000));
  for (const sample of samples) await store(blobs, sample);
  await close();
  for (const suffix of ['', '-wal', '-shm']) await rm(join(directory, `catalog.db${suffix}`), { force: true });
  const again = await openDiskStore([directory]);
  await again.blobs.reconciled;
  for (const { id, sha256 } of samples) expect(again.blobs.find(id)?.sha256).toBe(sha256);
});

test('a second copy in another directory is deleted, unless it is the same file', async () => {
  const [one, other] = [await tempDir(), await tempDir()];
  const { blobs, close } = await openDiskStore([one]);
  const sample = makeSample(1000);
  await store(blobs, sample);
  await close();
  await mkdir(dirname(blobPath(other, sample.sha256)), { recursive: true });
  await copyFile(blobPath(one, sample.sha256), blobPath(other, sample.sha256));
  const again = await openDiskStore([one, other]);
  await again.blobs.reconciled;
  expect(await exists(blobPath(one, sample.sha256))).toBe(true);
  expect(await exists(blobPath(other, sample.sha256))).toBe(false);
  await again.close();
  const twice = await openDiskStore([one, `${one}/.`]);
  await twice.blobs.reconciled;
  const reader = await openHeld(twice.blobs, sample.sha256);
  expect(await readAll(reader)).toEqual(new Uint8Array(sample.bytes));
  reader.close();
});

test('names that are no hashes are left alone', async () => {
  const directory = await tempDir();
  const stray = join(directory, 'blobs', 'ab', 'README');
  await placeFile(stray, new Uint8Array(1));
  const { blobs } = await openDiskStore([directory]);
  await blobs.reconciled;
  expect(await exists(stray)).toBe(true);
});

test('closing in mid-work ends it', async () => {
  const directory = await tempDir();
  const sample = makeSample(8_000_000);
  await placeFile(blobPath(directory, sample.sha256), sample.bytes);
  const { blobs, close } = await openDiskStore([directory]);
  await close();
  await blobs.reconciled;
  expect(await exists(blobPath(directory, sample.sha256))).toBe(true);
});
