import { describe, expect, test } from 'vitest';
import type { TorrentStorage } from '../../src/contracts/torrent-storage.ts';

/** Of the files of the storage that a suite opens: the second has no bytes. */
export const STORAGE_LENGTHS: readonly number[] = [10, 0, 100_000];

const bytesOf = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 255);

/** What every storage of a torrent does. */
export function testTorrentStorage(name: string, open: () => Promise<TorrentStorage>): void {
  const read = async (storage: TorrentStorage, file: number, position: number, ...lengths: number[]) => {
    const targets = lengths.map((length) => new Uint8Array(length));
    await storage.read(file, position, targets);
    return targets;
  };

  describe(name, () => {
    test('gives back what was written, in parts and across parts', async () => {
      const storage = await open();
      const bytes = bytesOf(100_000);
      await storage.write(2, 50_000, bytes.subarray(50_000));
      await storage.write(2, 0, bytes.subarray(0, 50_000));
      expect(await read(storage, 2, 49_990, 5, 15)).toEqual([bytes.slice(49_990, 49_995), bytes.slice(49_995, 50_010)]);
      await storage.close();
    });

    test('takes the first writes to a file at the same time', async () => {
      const storage = await open();
      const bytes = bytesOf(100_000);
      const writes = Array.from({ length: 10 }, (_, index) =>
        storage.write(2, index * 10_000, bytes.subarray(index * 10_000, (index + 1) * 10_000)),
      );
      await Promise.all(writes);
      expect(await read(storage, 2, 0, 100_000)).toEqual([bytes]);
      await storage.close();
    });

    test('rejects with STORAGE what is not there', async () => {
      const storage = await open();
      await expect(read(storage, 0, 0, 1)).rejects.toMatchObject({ code: 'STORAGE' });
      await storage.write(0, 0, bytesOf(10));
      await expect(read(storage, 0, 5, 6)).rejects.toMatchObject({ code: 'STORAGE' });
      await storage.close();
    });

    test('tells of files, and of changes to them', async () => {
      const storage = await open();
      expect(await storage.state(2)).toBeUndefined();
      await storage.write(2, 0, bytesOf(1));
      const before = await storage.state(2);
      expect(before?.length).toBe(100_000);
      await new Promise((wake) => setTimeout(wake, 20));
      await storage.write(2, 0, bytesOf(1, 5));
      expect((await storage.state(2))?.version).not.toBe(before?.version);
      await storage.close();
    });

    test('completes files, those of no bytes too, and reads them as before', async () => {
      const storage = await open();
      const bytes = bytesOf(10);
      await storage.write(0, 0, bytes);
      await storage.flush([0, 1]);
      for (const file of [0, 1]) await storage.complete(file);
      expect(await read(storage, 0, 0, 10)).toEqual([bytes]);
      expect((await storage.state(1))?.length).toBe(0);
      await storage.close();
    });

    test('takes bytes that mend a complete file, and completes it again, by however many at the same time', async () => {
      const storage = await open();
      await storage.write(2, 0, bytesOf(100_000));
      await Promise.all([storage.complete(2), storage.complete(2)]);
      await storage.write(2, 7, bytesOf(10, 3));
      expect(await read(storage, 2, 7, 10)).toEqual([bytesOf(10, 3)]);
      await Promise.all([storage.complete(2), storage.complete(2)]);
      expect(await read(storage, 2, 0, 7, 10)).toEqual([bytesOf(7), bytesOf(10, 3)]);
      await storage.close();
    });
  });
}
