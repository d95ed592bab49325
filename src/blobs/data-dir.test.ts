import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { openDataDir } from './data-dir.ts';

const MODULE = new URL('./data-dir.ts', import.meta.url).href;

/** Another process that opens a data directory and keeps it until it is killed. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const program = `
    import { openDataDir } from ${JSON.stringify(MODULE)};
    globalThis.held = await openDataDir(${JSON.stringify(path)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

const refusal = (code: string, path: string): object => ({ code, message: expect.stringContaining(path) });

describe('a data directory', () => {
  test('is made with all its parents, for its owner alone, with its format number', async () => {
    const path = join(await tempDir(), 'a', 'b');
    const dataDir = await openDataDir(path);
    expect(dataDir.path).toBe(path);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n');
    dataDir.close();
    dataDir.close();
    (await openDataDir(path)).close();
  });

  test('belongs to one opener at a time, also within a process and under another name', async () => {
    const path = join(await tempDir(), 'data');
    const dataDir = await openDataDir(path);
    const link = join(await tempDir(), 'link');
    await symlink(path, link);
    await expect(openDataDir(path)).rejects.toMatchObject(refusal('DATA_DIR_LOCKED', path));
    await expect(openDataDir(link)).rejects.toMatchObject(refusal('DATA_DIR_LOCKED', path));
    dataDir.close();
    (await openDataDir(link)).close();
  });

  test('is free again when the process that had it is killed', async () => {
    const path = join(await tempDir(), 'data');
    const child = await holdElsewhere(path);
    await expect(openDataDir(path)).rejects.toMatchObject(refusal('DATA_DIR_LOCKED', path));
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await openDataDir(path)).close();
  });

  test('is given to one of many who want it first', async () => {
    const path = join(await tempDir(), 'data');
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openDataDir(path)));
    const won = opened.filter((outcome) => outcome.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const { value } of won) value.close();
  });

  test('is refused when it holds something else, and left as it was', async () => {
    const path = await tempDir();
    await writeFile(join(path, 'thesis.tex'), 'x');
    await expect(openDataDir(path)).rejects.toMatchObject(refusal('DATA_DIR_FORMAT', 'thesis.tex'));
    expect(await readdir(path)).toEqual(['thesis.tex']);
  });

  test('may be the top of a file system, or what a crash in the first start has left', async () => {
    const path = await tempDir();
    await mkdir(join(path, 'lost+found'));
    await writeFile(join(path, 'lock.db'), '');
    await writeFile(join(path, 'format.new'), '');
    (await openDataDir(path)).close();
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n');
  });

  test('is refused when it is of a newer version, or its format is unreadable', async () => {
    const path = join(await tempDir(), 'data');
    (await openDataDir(path)).close();
    await writeFile(join(path, 'format'), '2\n');
    await expect(openDataDir(path)).rejects.toMatchObject(refusal('DATA_DIR_FORMAT', 'newer'));
    for (const text of ['', '0', '-1', '1.5', 'one', '1\n1\n', '99999999999999999999']) {
      await writeFile(join(path, 'format'), text);
      await expect(openDataDir(path)).rejects.toMatchObject(refusal('DATA_DIR_FORMAT', path));
    }
    await writeFile(join(path, 'format'), '1');
    (await openDataDir(path)).close();
  });

  test('is refused with CONFIG when it cannot be made', async () => {
    const file = join(await tempDir(), 'file');
    await writeFile(file, '');
    await expect(openDataDir(file)).rejects.toMatchObject(refusal('CONFIG', 'not a directory'));
    await expect(openDataDir(join(file, 'data'))).rejects.toMatchObject(refusal('CONFIG', file));
    await rm(file);
  });

  test.skipIf(process.platform !== 'linux')('is refused, not tried for ever, where no folder can be made', async () => {
    await expect(openDataDir('/proc/modelswarm/data')).rejects.toMatchObject(refusal('CONFIG', '/proc'));
  });

  test.skipIf(process.getuid?.() === 0)('is refused with CONFIG when it cannot be written', async () => {
    const path = await tempDir();
    await chmod(path, 0o500);
    await expect(openDataDir(path)).rejects.toMatchObject(refusal('CONFIG', 'permission denied'));
  });
});
