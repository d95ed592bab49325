import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { STORAGE_LENGTHS, testTorrentStorage } from '../../test/support/torrent-storage-conformance.ts';
import { OpenFiles } from './open-files.ts';
import { createTorrentFiles } from './torrent-files.ts';
import { createTorrentMemory } from './torrent-memory.ts';

const PATHS = ['a.bin', 'sub/empty.txt', 'sub/deep/c.bin'];

async function openFolder(options: { readonly readOnly?: boolean; readonly most?: number } = {}) {
  const root = await tempDir();
  const open = new OpenFiles(options.most);
  onTestFinished(() => open.close());
  const storage = createTorrentFiles({
    paths: PATHS,
    lengths: STORAGE_LENGTHS,
    root,
    open,
    ...(options.readOnly ? { readOnly: true } : {}),
  });
  return { root, storage };
}

testTorrentStorage('memory', async () => createTorrentMemory(STORAGE_LENGTHS));
testTorrentStorage('a folder', async () => (await openFolder()).storage);
testTorrentStorage('a folder of which one file at a time is open', async () => (await openFolder({ most: 1 })).storage);

describe('a folder', () => {
  test('shows a file under its name when it is complete, and not before', async () => {
    const { root, storage } = await openFolder();
    await storage.write(2, 0, new Uint8Array(100_000).fill(7));
    expect(await readdir(join(root, 'sub/deep'))).toEqual(['c.bin.part']);
    await storage.complete(2);
    expect(await readdir(join(root, 'sub/deep'))).toEqual(['c.bin']);
    expect((await readFile(join(root, 'sub/deep/c.bin'))).every((byte) => byte === 7)).toBe(true);
  });

  test('finds what an earlier run left, complete or in part', async () => {
    const { root, storage } = await openFolder();
    await mkdir(join(root, 'sub/deep'), { recursive: true });
    await writeFile(join(root, 'a.bin'), '0123456789');
    await writeFile(join(root, 'sub/deep/c.bin.part'), 'abc');
    expect(await storage.state(0)).toMatchObject({ length: 10, path: join(root, 'a.bin') });
    expect(await storage.state(2)).toMatchObject({ length: 3, path: join(root, 'sub/deep/c.bin.part') });
  });

  test('that vanished is told as an error with its name, and made anew by the next write', async () => {
    const { root, storage } = await openFolder();
    await storage.write(0, 0, new Uint8Array(10));
    await storage.flush([0]);
    await rm(root, { recursive: true });
    await storage.close();
    await expect(storage.read(0, 0, [new Uint8Array(1)])).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('a.bin'),
    });
    await storage.write(0, 0, new Uint8Array(10));
    expect((await storage.state(0))?.length).toBe(10);
  });

  test('says why a file cannot be made', async () => {
    const { root, storage } = await openFolder();
    await writeFile(join(root, 'sub'), 'in the way');
    await expect(storage.write(2, 0, new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(/Cannot write .*sub\/deep\/c\.bin/),
    });
  });

  test('that is only read is never changed', async () => {
    const { root, storage } = await openFolder({ readOnly: true });
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE' });
    expect(await readdir(root)).toEqual([]);
  });
});
