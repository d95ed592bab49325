import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { STORAGE_LENGTHS, testTorrentStorage } from '../../test/support/torrent-storage-conformance.ts';
import { OpenFiles } from './open-files.ts';
import { createTorrentFiles } from './torrent-files.ts';
import { createTorrentMemory } from './torrent-memory.ts';

const PATHS = ['a.bin', 'sub/empty.txt', 'sub/deep/c.bin'];

interface FolderOptions {
  readonly root?: string;
  readonly open?: OpenFiles;
  readonly readOnly?: boolean;
  readonly paths?: readonly string[];
}

async function openFolder(options: FolderOptions = {}) {
  const { paths = PATHS, open = new OpenFiles(), readOnly = false } = options;
  const root = options.root ?? (await tempDir());
  onTestFinished(() => open.close());
  const storage = createTorrentFiles({ paths, lengths: STORAGE_LENGTHS, root, open, readOnly });
  return { root, storage };
}

/** Something happens just before a file is opened. */
class InterruptedFiles extends OpenFiles {
  before: (() => Promise<void>) | undefined;

  override async use<T>(...[path, mode, work]: Parameters<typeof OpenFiles.prototype.use<T>>): Promise<T> {
    const { before } = this;
    this.before = undefined;
    await before?.();
    return super.use(path, mode, work);
  }
}

test('a file that does not fit into memory says so', async () => {
  const huge = createTorrentMemory([2 ** 53]);
  await expect(huge.write(0, 0, Uint8Array.of(1))).rejects.toMatchObject({ code: 'DISK_FULL' });
});

testTorrentStorage('memory', async () => createTorrentMemory(STORAGE_LENGTHS));
testTorrentStorage('a folder', async () => (await openFolder()).storage);
testTorrentStorage(
  'a folder of which one file at a time is open',
  async () => (await openFolder({ open: new OpenFiles(1) })).storage,
);

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

  test('is not made anew while it is in use: what was in the file that vanished would be missing', async () => {
    const { root, storage } = await openFolder();
    await storage.write(0, 0, new Uint8Array(10).fill(1));
    await rm(root, { recursive: true });
    // The system still has the file, without a name.
    await storage.write(0, 0, new Uint8Array(5));
    for (const work of [
      () => storage.complete(0),
      () => storage.write(0, 0, new Uint8Array(1)),
      () => storage.complete(0),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'STORAGE', message: expect.stringContaining('a.bin') });
    expect(await storage.state(0)).toBeUndefined();
    await expect(stat(root)).rejects.toThrow('ENOENT');
  });

  test('is not complete where a file with bytes is not there', async () => {
    const { root, storage } = await openFolder();
    await expect(storage.complete(0)).rejects.toMatchObject({ code: 'STORAGE' });
    expect(await readdir(root)).toEqual([]);
  });

  test('says why a file cannot be made', async () => {
    const { root, storage } = await openFolder();
    await writeFile(join(root, 'sub'), 'in the way');
    await expect(storage.write(2, 0, new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(/Cannot write .*sub\/deep\/c\.bin/),
    });
  });

  test('has files whose names are too long for it: they are not there, and cannot be made; others can', async () => {
    const long = 'x'.repeat(300);
    const { storage } = await openFolder({ paths: [long, 'sub/empty.txt', 'c.bin'] });
    const error = { code: 'STORAGE', message: expect.stringContaining(long) };
    expect(await storage.state(0)).toBeUndefined();
    await expect(storage.read(0, 0, [new Uint8Array(1)])).rejects.toMatchObject(error);
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject(error);
    await storage.write(2, 0, new Uint8Array(1));
  });

  test('says at once when a folder has the name of a file', async () => {
    const { root, storage } = await openFolder();
    await mkdir(join(root, 'a.bin'));
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(/Cannot write .*a\.bin is no file/),
    });
    expect(await readdir(root)).toEqual(['a.bin']);
  });

  test('that is only read is never changed, known or not', async () => {
    const { root, storage } = await openFolder({ readOnly: true });
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE' });
    expect(await readdir(root)).toEqual([]);
    await writeFile(join(root, 'a.bin.part'), '0123456789');
    await storage.read(0, 0, [new Uint8Array(10)]);
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE' });
    await storage.flush([0]);
    await storage.complete(0);
    expect(await readdir(root)).toEqual(['a.bin.part']);
    expect(await readFile(join(root, 'a.bin.part'), 'utf8')).toBe('0123456789');
  });
});

describe('the names of files', () => {
  const PART = 'a.bin.part';

  /** A file of ten ones in part, which gets its name just before the next file is opened. */
  async function interrupted() {
    const open = new InterruptedFiles();
    const { root, storage } = await openFolder({ open });
    await storage.write(0, 0, new Uint8Array(10).fill(1));
    await storage.close();
    await storage.state(0);
    open.before = () => storage.complete(0);
    return { root, storage };
  }

  test('may change before a reader has opened the file', async () => {
    const { root, storage } = await interrupted();
    const target = new Uint8Array(10);
    await storage.read(0, 0, [target]);
    expect(target).toEqual(new Uint8Array(10).fill(1));
    expect(await readdir(root)).toEqual(['a.bin']);
  });

  test('may change before the file is flushed', async () => {
    const { root, storage } = await interrupted();
    await storage.flush([0]);
    expect(await readdir(root)).toEqual(['a.bin']);
  });

  test('may change before a writer has opened the file, which is not complete then', async () => {
    const { root, storage } = await interrupted();
    await storage.withFile?.(0, async () => {});
    expect(await readdir(root)).toEqual([PART]);
  });

  test('may be changed by another torrent of the same files', async () => {
    const { root, storage } = await openFolder();
    const { storage: other } = await openFolder({ root });
    await storage.write(0, 0, new Uint8Array(10));
    await other.state(0);
    await storage.complete(0);
    expect(await other.state(0)).toMatchObject({ path: join(root, 'a.bin') });
    await other.write(0, 0, new Uint8Array(10).fill(2));
    expect(await storage.state(0)).toMatchObject({ path: join(root, PART) });
    await Promise.all([storage.complete(0), other.complete(0)]);
    expect(await readFile(join(root, 'a.bin'))).toEqual(Buffer.alloc(10, 2));
  });

  test('may change between the looks of a reader', async () => {
    const { root, storage } = await openFolder();
    const { storage: reader } = await openFolder({ root });
    for (let round = 0; round < 100; round++) {
      await storage.write(0, 0, new Uint8Array(1));
      let isComplete = false;
      const completing = storage.complete(0).then(() => (isComplete = true));
      while (!isComplete) {
        expect(await reader.state(0)).toBeDefined();
        await reader.close();
      }
      await completing;
    }
  });

  test('are for what is whole: a write takes the name away, until the file is complete again', async () => {
    const { root, storage } = await openFolder();
    await writeFile(join(root, 'a.bin'), 'rotten, and too long');
    await storage.write(0, 0, Buffer.from('01234'));
    expect(await readdir(root)).toEqual([PART]);
    await Promise.all([storage.write(0, 5, Buffer.from('56')), storage.write(0, 7, Buffer.from('789'))]);
    await storage.complete(0);
    expect(await readdir(root)).toEqual(['a.bin']);
    expect(await readFile(join(root, 'a.bin'), 'utf8')).toBe('0123456789');
  });

  test('of no bytes are left to what has them', async () => {
    const { root, storage } = await openFolder();
    await mkdir(join(root, 'sub'));
    await writeFile(join(root, 'sub/empty.txt'), 'of the user');
    await storage.write(1, 0, new Uint8Array(0));
    await storage.complete(1);
    expect(await readFile(join(root, 'sub/empty.txt'), 'utf8')).toBe('of the user');
  });

  test('belong to a file before its part, and neither is lost', async () => {
    const { root, storage } = await openFolder();
    await writeFile(join(root, 'a.bin'), 'of another');
    await writeFile(join(root, PART), '01234');
    expect(await storage.state(0)).toMatchObject({ path: join(root, 'a.bin'), length: 10 });
    await expect(storage.write(0, 0, new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(PART),
    });
    await storage.complete(0);
    expect(await readFile(join(root, 'a.bin'), 'utf8')).toBe('of another');
    expect(await readFile(join(root, PART), 'utf8')).toBe('01234');
  });

  test('are not taken from what somebody has put there meanwhile', async () => {
    const { root, storage } = await openFolder();
    await storage.write(0, 0, Buffer.from('0123456789'));
    await writeFile(join(root, 'a.bin'), 'of another');
    await expect(storage.complete(0)).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(PART),
    });
    expect(await readFile(join(root, 'a.bin'), 'utf8')).toBe('of another');
    expect(await readFile(join(root, PART), 'utf8')).toBe('0123456789');
  });

  test.each([
    ['shorter', '01234'],
    ['longer', '0123456789 and more'],
  ])('do not come to a part that is %s than it should be', async (_, content) => {
    const { root, storage } = await openFolder();
    await writeFile(join(root, PART), content);
    await storage.write(0, 5, Buffer.from('56'));
    expect((await storage.state(0))?.length).toBe(10);
    await storage.close();
    await writeFile(join(root, PART), content);
    await storage.complete(0);
    expect((await stat(join(root, 'a.bin'))).size).toBe(10);
  });
});
