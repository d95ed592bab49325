import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DiskStore, openDiskStore } from '../../test/support/disk-store.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { openDataDir } from './data-dir.ts';

const PROGRAM = fileURLToPath(new URL('../../test/support/promote-until-killed.ts', import.meta.url));
const ROUNDS = 5;

interface Promoted {
  readonly sha256: string;
  readonly size: number;
}

/** Lets a process promote until it has said so `count` times, and kills it in the middle of the next ones. */
async function promoteAndKill(directory: string, maxCacheSize: number, count: number): Promise<Promoted[]> {
  const child = spawn(process.execPath, ['--conditions=modelswarm-source', PROGRAM, directory, String(maxCacheSize)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (output.split('\n').length > count) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  // The kill may have cut the last line short.
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  return lines.filter(Boolean).map((line) => {
    const [sha256 = '', size = ''] = line.split(' ');
    return { sha256, size: Number(size) };
  });
}

/** Files and rows must be the same set, and every file must be what its name says. */
async function expectConsistent({ blobs, catalog }: DiskStore, directory: string): Promise<void> {
  const files = await readdir(join(directory, 'blobs'), { recursive: true, withFileTypes: true });
  const held = files.filter((file) => file.isFile());
  let bytes = 0;
  for (const file of held) {
    const content = await readFile(join(file.parentPath, file.name));
    expect(createHash('sha256').update(content).digest('hex')).toBe(file.name);
    expect(catalog.blob(file.name)).toMatchObject({ size: content.length });
    bytes += content.length;
  }
  expect(blobs.usage()).toMatchObject({ blobs: held.length, bytes });
}

describe('a store whose process was killed', () => {
  test('holds every blob that was promoted, and nothing else', async () => {
    const directory = join(await tempDir(), 'data');
    const promoted: Promoted[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      promoted.push(...(await promoteAndKill(directory, 0, 3 + 7 * round)));
      const dataDir = await openDataDir(directory);
      const opened = await openDiskStore([dataDir.path]);
      for (const { sha256, size } of promoted) {
        expect(opened.blobs.find({ kind: 'lfs', sha256, size })).toMatchObject({ sha256, size });
      }
      await opened.blobs.reconciled;
      await expectConsistent(opened, directory);
      await opened.close();
      dataDir.close();
    }
    expect(promoted.length).toBeGreaterThan(30);
  }, 60_000);

  test('has neither lost files nor stray ones when it was evicting', async () => {
    const directory = join(await tempDir(), 'data');
    for (let round = 0; round < ROUNDS; round++) {
      await promoteAndKill(directory, 500_000, 20 + 10 * round);
      const dataDir = await openDataDir(directory);
      const opened = await openDiskStore([dataDir.path], { maxCacheSize: 500_000 });
      await opened.blobs.reconciled;
      await expectConsistent(opened, directory);
      expect(opened.blobs.usage().blobs).toBeGreaterThan(0);
      await opened.close();
      dataDir.close();
    }
  }, 60_000);
});
