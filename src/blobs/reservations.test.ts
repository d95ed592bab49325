import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDiskStore } from '../../test/support/disk-store.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { makeSample, openHeld, readAll, store, writePart } from '../../test/support/samples.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { silentLogger } from '../base/silent-logger.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { BlobIndex } from '../contracts/catalog.ts';
import type { DiskRoom } from './space.ts';

const DISK_FULL = { code: 'DISK_FULL' };

/** Disks whose free bytes a test sets; directories with the same device share theirs. */
function simulatedDisks(rooms: Map<string, DiskRoom>): (directory: string) => Promise<DiskRoom> {
  return async (directory) => rooms.get(directory) ?? { free: 0, device: -1 };
}

async function twoDirectories(): Promise<[string, string]> {
  return [await tempDir(), await tempDir()];
}

describe('room on several disks', () => {
  test('is given where there is most of it, or where it is asked for', async () => {
    const [one, other] = await twoDirectories();
    const rooms = new Map([
      [one, { free: 5000, device: 1 }],
      [other, { free: 8000, device: 2 }],
    ]);
    const { blobs } = await openDiskStore([one, other], { minFreeSpace: 1000, measure: simulatedDisks(rooms) });
    expect((await blobs.reserve(3500)).directory).toBe(other);
    expect((await blobs.reserve(1)).directory).toBe(one);
    expect((await blobs.reserve(1, { directory: other })).directory).toBe(other);
    await expect(blobs.reserve(5000, { directory: one })).rejects.toMatchObject(DISK_FULL);
    await expect(blobs.reserve(1, { directory: '/elsewhere' })).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('counts what is reserved on a disk against all directories on it', async () => {
    const [one, other] = await twoDirectories();
    const disk = { free: 5000, device: 1 };
    const rooms = new Map([
      [one, disk],
      [other, disk],
    ]);
    const { blobs } = await openDiskStore([one, other], { minFreeSpace: 1000, measure: simulatedDisks(rooms) });
    const first = await blobs.reserve(3000, { directory: one });
    await expect(blobs.reserve(1001, { directory: other })).rejects.toMatchObject(DISK_FULL);
    // Written bytes show in what the disk has left, so that they no longer count as reserved.
    first.written(2000);
    rooms.set(one, { free: 3000, device: 1 }).set(other, { free: 3000, device: 1 });
    await expect(blobs.reserve(1001, { directory: other })).rejects.toMatchObject(DISK_FULL);
    (await blobs.reserve(1000, { directory: other })).release();
    first.release();
    await blobs.reserve(2000, { directory: other });
  });

  test('is made by evicting from the disk that is short of it, and from no other', async () => {
    const [one, other] = await twoDirectories();
    const clock = new ManualClock();
    const rooms = new Map([
      [one, { free: 1e6, device: 1 }],
      [other, { free: 0, device: 2 }],
    ]);
    const { blobs } = await openDiskStore([one, other], { clock, measure: simulatedDisks(rooms) });
    const [older, newer] = [makeSample(2000), makeSample(2000)];
    await store(blobs, older);
    rooms.set(one, { free: 0, device: 1 }).set(other, { free: 1e6, device: 2 });
    clock.advance(1000);
    await store(blobs, newer);
    rooms.set(other, { free: 500, device: 2 });
    const measured = simulatedDisks(rooms);
    expect(await measured(one)).toEqual({ free: 0, device: 1 });
    await expect(blobs.reserve(2501, { directory: other })).rejects.toMatchObject(DISK_FULL);
    expect(blobs.usage().blobs).toBe(2);
    // The disk does not report the freed bytes in this simulation: it is tried a few times, then given up.
    await expect(blobs.reserve(2000, { directory: other })).rejects.toMatchObject(DISK_FULL);
    expect(blobs.find(newer.id)).toBeUndefined();
    expect(blobs.find(older.id)).toBeDefined();
  });

  test('is made without evicting anything, for what can be done without', async () => {
    const { blobs } = await openDiskStore([await tempDir()], { maxCacheSize: 2000 });
    const held = makeSample(1500);
    await store(blobs, held);
    await expect(blobs.reserve(501, { spares: true })).rejects.toMatchObject(DISK_FULL);
    expect(blobs.find(held.id)).toBeDefined();
    (await blobs.reserve(500, { spares: true })).release();
    (await blobs.reserve(501)).release();
    expect(blobs.find(held.id)).toBeUndefined();
  });

  test('is refused with the sizes and the option that would help', async () => {
    const directory = await tempDir();
    const rooms = new Map([[directory, { free: 2.5e9, device: 1 }]]);
    const { blobs } = await openDiskStore([directory], { minFreeSpace: 2e9, measure: simulatedDisks(rooms) });
    const message = expect.stringMatching(/20\.0 GB.*2\.5 GB are free.*2\.0 GB.*--min-free-space/s);
    await expect(blobs.reserve(20e9)).rejects.toMatchObject({ ...DISK_FULL, message });
  });

  test('is measured on the real disk by default, and keeps 2 GB free', async () => {
    const { blobs } = await openDiskStore([await tempDir()], { minFreeSpace: undefined });
    expect(blobs.usage()).toMatchObject({ minFreeSpace: 2e9, maxCacheSize: undefined });
    await expect(blobs.reserve(2 ** 53 - 1)).rejects.toMatchObject(DISK_FULL);
    (await blobs.reserve(1000)).release();
  });
});

test('a blob that is opened while others are evicted stays, and the plan is made anew', async () => {
  const directory = await tempDir();
  const clock = new ManualClock();
  const catalog = openCatalog({ path: join(directory, 'index.db'), clock, logger: silentLogger });
  onTestFinished(() => catalog.close());
  const [first, second] = [makeSample(1000), makeSample(1000)];
  let opening: Promise<ByteReader | undefined> | undefined;
  const index: BlobIndex = {
    ...catalog,
    removeBlob(sha256) {
      catalog.removeBlob(sha256);
      if (sha256 === first.sha256) opening = blobs.open(second.sha256);
    },
  };
  const { blobs } = await openDiskStore([directory], { clock, index, maxCacheSize: 2000 });
  await store(blobs, first);
  clock.advance(1000);
  await store(blobs, second);
  await expect(blobs.reserve(2000)).rejects.toMatchObject(DISK_FULL);
  const reader = await opening;
  expect(reader && (await readAll(reader))).toEqual(new Uint8Array(second.bytes));
  reader?.close();
  (await blobs.reserve(2000)).release();
});

describe('the size of the cache', () => {
  test('includes unfinished files, by what they occupy and not by their length', async () => {
    const directory = await tempDir();
    const { blobs } = await openDiskStore([directory], { maxCacheSize: 1e6 });
    const left = join(directory, 'fills', 'left-behind.part');
    await writeFile(left, new Uint8Array(400_000));
    await truncate(left, 50e9);
    const reservation = await blobs.reserve(300_000);
    await writePart(reservation, new Uint8Array(200_000));
    await expect(blobs.reserve(320_000)).rejects.toMatchObject(DISK_FULL);
    (await blobs.reserve(280_000)).release();
  });

  test('is enforced at the next start when it was lowered', async () => {
    const directory = await tempDir();
    const clock = new ManualClock();
    const { blobs, close } = await openDiskStore([directory], { clock });
    const [older, newer] = [makeSample(1000), makeSample(1000)];
    await store(blobs, older);
    clock.advance(1000);
    await store(blobs, newer);
    await close();
    const again = await openDiskStore([directory], { clock, maxCacheSize: 1999 });
    await again.blobs.reconciled;
    expect(again.blobs.find(older.id)).toBeUndefined();
    expect(again.blobs.find(newer.id)).toBeDefined();
  });

  test('spares pinned blobs', async () => {
    const directory = await tempDir();
    const { blobs, catalog } = await openDiskStore([directory], { maxCacheSize: 3000 });
    const [pinned, other] = [makeSample(1000), makeSample(1000)];
    await store(blobs, pinned);
    await store(blobs, other);
    const row = catalog.blob(pinned.sha256);
    if (row) catalog.putBlob({ ...row, pinned: true }, []);
    await expect(blobs.reserve(2001)).rejects.toMatchObject(DISK_FULL);
    await blobs.reserve(2000);
    expect(blobs.find(pinned.id)).toBeDefined();
    expect(blobs.find(other.id)).toBeUndefined();
  });

  test('finds what it may evict behind many blobs that are in use', async () => {
    const directory = await tempDir();
    const clock = new ManualClock();
    const { blobs } = await openDiskStore([directory], { maxCacheSize: 1510, clock });
    const samples = Array.from({ length: 151 }, () => makeSample(10));
    const readers = [];
    for (const sample of samples) {
      clock.advance(1);
      await store(blobs, sample);
      readers.push(await openHeld(blobs, sample.sha256));
    }
    const last = samples.at(-1) ?? makeSample(10);
    readers.pop()?.close();
    await blobs.reserve(10);
    expect(blobs.find(last.id)).toBeUndefined();
    expect(blobs.usage().blobs).toBe(150);
    for (const reader of readers) reader.close();
  });
});
