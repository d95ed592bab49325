import { open, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type DiskStore, openDiskStore } from '../../test/support/disk-store.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { makeSample, openHeld, type Sample, store } from '../../test/support/samples.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { blobPath } from './layout.ts';

const HOUR_MS = 60 * 60 * 1000;
/** The default period is 30 of them. */
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

/** Lets time pass until `done`: in steps of `step`, one whenever something sleeps. */
async function passTime(clock: ManualClock, step: number, done: () => boolean): Promise<void> {
  while (!done()) {
    await nextTurn();
    if (clock.sleepers > 0) clock.advance(step);
  }
}

/** Flips one bit on the disk, behind the store's back. */
async function damage(directory: string, sample: Sample): Promise<void> {
  const file = await open(blobPath(directory, sample.sha256), 'r+');
  const last = sample.size - 1;
  await file.write(Uint8Array.of((sample.bytes[last] ?? 0) ^ 1), 0, 1, last);
  await file.close();
}

async function openScrubbed(): Promise<
  DiskStore & { directory: string; clock: ManualClock; logger: ReturnType<typeof recordingLogger> }
> {
  const directory = await tempDir();
  const clock = new ManualClock();
  const logger = recordingLogger();
  const opened = await openDiskStore([directory], { clock, logger, scrub: { bytesPerSecond: 4 * MIB } });
  await opened.blobs.reconciled;
  return { ...opened, directory, clock, logger };
}

describe('the background check', () => {
  test('reads each blob once in a period, and notes when', async () => {
    const { blobs, catalog, clock } = await openScrubbed();
    const samples = [makeSample(1000), makeSample(2000)];
    for (const sample of samples) await store(blobs, sample);
    const start = clock.now();
    const verifiedAt = (): number[] => samples.map(({ sha256 }) => catalog.blob(sha256)?.verifiedAt ?? 0);
    expect(verifiedAt()).toEqual([start, start]);
    await passTime(clock, HOUR_MS, () => Math.min(...verifiedAt()) > start);
    for (const time of verifiedAt()) expect(time - start).toBeGreaterThanOrEqual(30 * DAY_MS);
    for (const time of verifiedAt()) expect(time - start).toBeLessThan(31 * DAY_MS);
    expect(blobs.usage().blobs).toBe(2);
  });

  test('takes a rotten blob out, keeps it aside, says which, and stops those who read it', async () => {
    const { blobs, directory, clock, logger } = await openScrubbed();
    const [rotten, sound] = [makeSample(5000), makeSample(1000)];
    await store(blobs, rotten);
    await store(blobs, sound);
    await damage(directory, rotten);
    const reader = await openHeld(blobs, rotten.sha256);
    await passTime(clock, HOUR_MS, () => blobs.find(rotten.id) === undefined);
    await expect(reader.read(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'INTEGRITY' });
    reader.close();
    expect(await blobs.open(rotten.sha256)).toBeUndefined();
    expect(blobs.find(sound.id)).toBeDefined();
    await expect.poll(() => readdir(join(directory, 'quarantine'))).toHaveLength(1);
    const warnings = logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toEqual([expect.objectContaining({ fields: expect.objectContaining({ sha256: rotten.sha256 }) })]);
    await store(blobs, rotten);
    expect(blobs.find(rotten.id)).toBeDefined();
  });

  test('reads no faster than it is told', async () => {
    const directory = await tempDir();
    const clock = new ManualClock();
    const sample = makeSample(10 * MIB);
    const before = await openDiskStore([directory], { clock });
    await store(before.blobs, sample);
    await before.close();
    const start = clock.now();
    const { catalog } = await openDiskStore([directory], { clock, scrub: { period: 0, bytesPerSecond: 4 * MIB } });
    const verifiedAt = (): number => catalog.blob(sample.sha256)?.verifiedAt ?? 0;
    await passTime(clock, 100, () => verifiedAt() > start);
    expect(verifiedAt() - start).toBeGreaterThanOrEqual(2500);
  });

  test('forgets a blob that it cannot read', async () => {
    const { blobs, directory, clock } = await openScrubbed();
    const sample = makeSample(1000);
    await store(blobs, sample);
    await unlink(blobPath(directory, sample.sha256));
    await passTime(clock, HOUR_MS, () => blobs.find(sample.id) === undefined);
    expect(blobs.usage().blobs).toBe(0);
  });

  test('keeps the quarantine small', async () => {
    const { blobs, directory } = await openScrubbed();
    for (let index = 0; index < 20; index++) {
      const sample = makeSample(100);
      await store(blobs, sample);
      await writeFile(blobPath(directory, sample.sha256), new Uint8Array(99));
      expect(await blobs.open(sample.sha256)).toBeUndefined();
    }
    await expect.poll(() => readdir(join(directory, 'quarantine'))).toHaveLength(16);
  });

  test('stops when the store is closed', async () => {
    const { blobs, clock } = await openScrubbed();
    await store(blobs, makeSample(1000));
    await expect.poll(() => clock.sleepers).toBeGreaterThan(0);
    await blobs.close();
    await expect.poll(() => clock.sleepers).toBeLessThanOrEqual(1);
  });
});
