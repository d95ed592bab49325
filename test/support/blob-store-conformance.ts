import { readFile, stat } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BlobStore } from '../../src/contracts/blob-store.ts';
import type { Clock } from '../../src/contracts/clock.ts';
import type { ContentId } from '../../src/contracts/domain.ts';
import { ManualClock } from './manual-clock.ts';
import { makeSample, openHeld, readAll, SAMPLE_REPO, store, writePart } from './samples.ts';

/** Opens the store of one place; opened again, it holds what it held. `close` also ends what it stands on. */
export type OpenStore = (options: {
  readonly clock: Clock;
  readonly maxCacheSize?: number;
}) => Promise<{ readonly blobs: BlobStore; readonly close: () => Promise<void> }>;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What every implementation of `BlobStore` must do. `createPlace` makes an empty place. */
export function describeBlobStore(implementation: string, createPlace: () => Promise<OpenStore>): void {
  async function openEmpty(
    options: { readonly maxCacheSize?: number } = {},
  ): Promise<{ blobs: BlobStore; clock: ManualClock; reopen: () => Promise<BlobStore> }> {
    const open = await createPlace();
    const clock = new ManualClock();
    let current = await open({ clock, ...options });
    onTestFinished(() => current.close());
    return {
      blobs: current.blobs,
      clock,
      reopen: async () => {
        await current.close();
        current = await open({ clock, ...options });
        return current.blobs;
      },
    };
  }

  describe(`${implementation}: blobs`, () => {
    test('holds nothing at first', async () => {
      const { blobs } = await openEmpty();
      const { id, sha256 } = makeSample(10);
      expect(blobs.find(id)).toBeUndefined();
      expect(await blobs.open(sha256)).toBeUndefined();
      expect(blobs.usage()).toMatchObject({ blobs: 0, bytes: 0, reserved: 0 });
    });

    test.each([0, 1, 100_000])('gives a promoted file of %i bytes back, also after a restart', async (size) => {
      const { blobs, reopen } = await openEmpty();
      const sample = makeSample(size);
      await store(blobs, sample);
      const expectHeld = async (from: BlobStore): Promise<void> => {
        expect(from.find(sample.id)).toEqual({ sha256: sample.sha256, gitOid: sample.gitOid, size });
        const reader = await openHeld(from, sample.sha256);
        expect(reader.size).toBe(size);
        expect(await readAll(reader)).toEqual(new Uint8Array(sample.bytes));
        reader.close();
        expect(from.usage()).toMatchObject({ blobs: 1, bytes: size, reserved: 0 });
      };
      await expectHeld(blobs);
      await expectHeld(await reopen());
    });

    test('takes the part file away, and joins equal bytes under all their content ids', async () => {
      const { blobs } = await openEmpty();
      const sample = makeSample(1000);
      const plain: ContentId = { kind: 'plain', repo: SAMPLE_REPO, gitOid: sample.gitOid, size: 1000 };
      await store(blobs, sample);
      const reservation = await blobs.reserve(1000);
      const part = await writePart(reservation, sample.bytes);
      const { sha256, gitOid, size } = sample;
      await blobs.promote(part, { sha256, gitOid, size }, [plain]);
      await blobs.promote(part, { sha256, gitOid, size }, [plain]);
      reservation.release();
      expect(await exists(part)).toBe(false);
      expect(blobs.find(sample.id)?.sha256).toBe(sha256);
      expect(blobs.find(plain)?.sha256).toBe(sha256);
      expect(blobs.usage()).toMatchObject({ blobs: 1, bytes: 1000 });
    });

    test('takes two parts with the same bytes at once', async () => {
      const { blobs } = await openEmpty();
      const sample = makeSample(50_000);
      await Promise.all([store(blobs, sample), store(blobs, sample), store(blobs, sample)]);
      expect(blobs.usage()).toMatchObject({ blobs: 1, bytes: 50_000, reserved: 0 });
      const reader = await openHeld(blobs, sample.sha256);
      expect(await readAll(reader)).toEqual(new Uint8Array(sample.bytes));
      reader.close();
    });

    test('answers to a content id that was linked later, and refuses one of other bytes', async () => {
      const { blobs } = await openEmpty();
      const sample = makeSample(1000, 'plain');
      await store(blobs, sample);
      const lfs: ContentId = { kind: 'lfs', sha256: sample.sha256, size: 1000 };
      expect(blobs.find(lfs)).toBeUndefined();
      blobs.link(sample.sha256, lfs);
      expect(blobs.find(lfs)?.gitOid).toBe(sample.gitOid);
      for (const wrong of [{ ...lfs, size: 1001 }, makeSample(1000).id, makeSample(1000, 'plain').id]) {
        expect(() => blobs.link(sample.sha256, wrong)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
        expect(blobs.find(wrong)).toBeUndefined();
      }
      blobs.link(makeSample(5).sha256, makeSample(5).id);
    });

    test('refuses a part whose length or id is not the blob’s', async () => {
      const { blobs } = await openEmpty();
      const { bytes, sha256, gitOid, size, id } = makeSample(1000);
      const reservation = await blobs.reserve(1000);
      const part = await writePart(reservation, bytes.subarray(1));
      await expect(blobs.promote(part, { sha256, gitOid, size }, [id])).rejects.toMatchObject({ code: 'INTERNAL' });
      const other = blobs.promote(part, { sha256, gitOid, size: 999 }, [makeSample(999).id]);
      await expect(other).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(blobs.find(id)).toBeUndefined();
      expect(await blobs.open(sha256)).toBeUndefined();
      reservation.release();
    });
  });

  describe(`${implementation}: readers`, () => {
    test('read any range, many at once, and 0 bytes at the end', async () => {
      const { blobs } = await openEmpty();
      const sample = makeSample(100_000);
      await store(blobs, sample);
      const reader = await openHeld(blobs, sample.sha256);
      const ranges = [0, 1, 65_536, 99_999].map(async (position) => {
        const buffer = new Uint8Array(5000);
        const count = await reader.read(buffer, position);
        const expected = sample.bytes.subarray(position, position + count);
        expect(count).toBe(Math.min(5000, sample.size - position));
        expect(buffer.subarray(0, count)).toEqual(new Uint8Array(expected));
      });
      await Promise.all(ranges);
      expect(await reader.read(new Uint8Array(10), 100_000)).toBe(0);
      expect(await reader.read(new Uint8Array(10), 200_000)).toBe(0);
      reader.close();
    });

    test('reject with the reason of an aborted signal, and with CLOSED after close', async () => {
      const { blobs } = await openEmpty();
      const sample = makeSample(100);
      await store(blobs, sample);
      const reader = await openHeld(blobs, sample.sha256);
      const other = await openHeld(blobs, sample.sha256);
      const reason = new Error('gone');
      await expect(reader.read(new Uint8Array(10), 0, AbortSignal.abort(reason))).rejects.toBe(reason);
      const underWay = reader.read(new Uint8Array(10), 0);
      reader.close();
      reader.close();
      expect(await underWay).toBe(10);
      await expect(reader.read(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'CLOSED' });
      expect(await readAll(other)).toEqual(new Uint8Array(sample.bytes));
      other.close();
    });
  });

  describe(`${implementation}: room`, () => {
    test('counts what is reserved until it is written or given back', async () => {
      const { blobs } = await openEmpty();
      const one = await blobs.reserve(1000);
      const other = await blobs.reserve(500);
      expect(blobs.usage().reserved).toBe(1500);
      one.written(300);
      expect(blobs.usage().reserved).toBe(1200);
      one.written(5000);
      expect(blobs.usage().reserved).toBe(500);
      other.release();
      other.release();
      one.release();
      expect(blobs.usage().reserved).toBe(0);
    });

    test('a leased blob is a file with its bytes, and is not evicted before the lease ends', async () => {
      const { blobs } = await openEmpty({ maxCacheSize: 1000 });
      const sample = makeSample(600);
      await store(blobs, sample);
      expect(blobs.lease(makeSample(10).sha256)).toBeUndefined();
      const lease = blobs.lease(sample.sha256);
      expect(await readFile(lease?.path ?? '')).toEqual(Buffer.from(sample.bytes));
      await expect(blobs.reserve(600)).rejects.toMatchObject({ code: 'DISK_FULL' });
      lease?.close();
      lease?.close();
      (await blobs.reserve(600)).release();
      expect(blobs.find(sample.id)).toBeUndefined();
    });

    test('evicts the least recently used blobs, no more than needed', async () => {
      const { blobs, clock } = await openEmpty({ maxCacheSize: 3000 });
      const samples = [makeSample(1000), makeSample(1000), makeSample(1000)];
      for (const sample of samples) {
        clock.advance(1000);
        await store(blobs, sample);
      }
      clock.advance(1000);
      const [first, second, third] = samples.map(({ id }) => id) as [ContentId, ContentId, ContentId];
      (await blobs.open(blobs.find(first)?.sha256 ?? ''))?.close();
      const reservation = await blobs.reserve(900);
      expect(blobs.find(second)).toBeUndefined();
      expect(blobs.find(first)).toBeDefined();
      expect(blobs.find(third)).toBeDefined();
      expect(blobs.usage()).toMatchObject({ blobs: 2, bytes: 2000, reserved: 900, maxCacheSize: 3000 });
      reservation.release();
    });

    test('never evicts what is being read, and evicts nothing when that would not be enough', async () => {
      const { blobs } = await openEmpty({ maxCacheSize: 3000 });
      const [leased, free] = [makeSample(2000), makeSample(1000)];
      await store(blobs, leased);
      await store(blobs, free);
      const reader = await openHeld(blobs, leased.sha256);
      await expect(blobs.reserve(1001)).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringContaining('--max-cache-size'),
      });
      await expect(blobs.reserve(3001)).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(blobs.usage()).toMatchObject({ blobs: 2, bytes: 3000, reserved: 0 });
      const reservation = await blobs.reserve(1000);
      expect(blobs.find(free.id)).toBeUndefined();
      expect(await readAll(reader)).toEqual(new Uint8Array(leased.bytes));
      reservation.release();
      reader.close();
      (await blobs.reserve(3000)).release();
      expect(blobs.usage().blobs).toBe(0);
    });

    test('does not promise the same room twice to those who ask at once', async () => {
      const { blobs } = await openEmpty({ maxCacheSize: 10_000 });
      await store(blobs, makeSample(4000));
      const asked = Array.from({ length: 10 }, () => blobs.reserve(3000));
      const granted = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
      expect(granted).toHaveLength(3);
      expect(blobs.usage()).toMatchObject({ blobs: 0, reserved: 9000 });
    });

    test('stays under its limit however blobs come and go', async () => {
      const { blobs, clock } = await openEmpty({ maxCacheSize: 20_000 });
      for (let round = 0; round < 30; round++) {
        clock.advance(1000);
        await Promise.all([store(blobs, makeSample(1 + ((round * 811) % 6000))), store(blobs, makeSample(2000))]);
        const { bytes, reserved } = blobs.usage();
        expect(bytes + reserved).toBeLessThanOrEqual(20_000);
      }
      expect(blobs.usage().blobs).toBeGreaterThan(2);
    });
  });

  test(`${implementation}: rejects with CLOSED after close`, async () => {
    const { blobs } = await openEmpty();
    const { sha256, gitOid, size, id } = makeSample(10);
    await blobs.close();
    await blobs.close();
    await expect(blobs.open(sha256)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(blobs.reserve(1)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(blobs.promote('/part', { sha256, gitOid, size }, [id])).rejects.toMatchObject({ code: 'CLOSED' });
  });
}
