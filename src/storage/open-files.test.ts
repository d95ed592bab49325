import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { OpenFiles } from './open-files.ts';

async function setUp(most?: number) {
  const folder = await tempDir();
  const path = (name: string): string => join(folder, name);
  for (const name of ['a', 'b', 'c']) await writeFile(path(name), name);
  return { files: new OpenFiles(most), path };
}

const read = (files: OpenFiles, path: string): Promise<string> =>
  files.use(path, 'r', async (handle) => (await handle.read(Buffer.alloc(1), 0, 1, 0)).buffer.toString());

test('a file that is in use is closed when its user has finished, and forgetting it waits for that', async () => {
  const { files, path } = await setUp();
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const order: string[] = [];
  const using = files.use(path('a'), 'r+', async (handle) => {
    await mayEnd;
    await handle.write('x', 0);
    order.push('used');
  });
  const forgotten = files.forget(path('a')).then(() => order.push('closed'));
  // Whoever comes meanwhile has a handle of its own.
  expect(await read(files, path('a'))).toBe('a');
  end();
  await Promise.all([using, forgotten]);
  expect(order).toEqual(['used', 'closed']);
  expect(await readFile(path('a'), 'utf8')).toBe('x');
  await files.close();
});

test('closing waits for everybody, also for those who use what was forgotten before', async () => {
  const { files, path } = await setUp();
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const order: string[] = [];
  const using = ['a', 'b'].map((name) =>
    files.use(path(name), 'r', async (handle) => {
      await mayEnd;
      order.push((await handle.readFile()).toString());
    }),
  );
  void files.forget(path('a'));
  const closed = [files.forget(path('a')), files.close()].map((closing) => closing.then(() => order.push('closed')));
  await files.forget(path('c'));
  expect(order).toEqual([]);
  end();
  await Promise.all([...using, ...closed]);
  expect(order.slice(0, 2).sort()).toEqual(['a', 'b']);
  expect(order.slice(2)).toEqual(['closed', 'closed']);
});

test('no more files are open than there may be, and those in use are none of them', async () => {
  const { files, path } = await setUp(1);
  await read(files, path('a'));
  await files.use(path('b'), 'r', async () => {
    expect(await read(files, path('c'))).toBe('c');
    expect(files.size).toBeLessThanOrEqual(2);
  });
  expect(files.size).toBe(1);
  await files.close();
  expect(files.size).toBe(0);
});

test('a file that cannot be opened fails its user, and is tried again by the next', async () => {
  const { files, path } = await setUp();
  await expect(read(files, path('new'))).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(path('new'), 'n');
  expect(await read(files, path('new'))).toBe('n');
  await files.close();
});
