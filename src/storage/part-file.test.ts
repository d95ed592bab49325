import { mkdir, mkdtemp, open, readdir, readlink, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Part } from '../contracts/part.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { journalPath, openPartFile } from './part-file.ts';

const SIZE = 4000;
const hashing = createHashPool({ threads: 1 });
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'part-'));
  path = join(directory, 'file.part');
});
afterEach(() => rm(directory, { recursive: true }));
afterAll(() => hashing.close());

const openPart = (): Promise<Part> =>
  openPartFile({ path, size: SIZE, content: 'lfs:x', source: 'org/model/file', hashing, resume: true });

/** Writes and records `[start, end)`. */
async function record(part: Part, start: number, end: number): Promise<void> {
  await part.write([new Uint8Array(end - start).fill(7)], start);
  await part.commit();
}

/** Overwrites one byte, as a rotting disk would. */
async function damage(position: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(new Uint8Array([1]), 0, 1, position);
  await file.close();
}

const spans = (part: Part, which: 'trusted' | 'doubted'): [number, number][] =>
  part[which].map(({ start, end }) => [start, end]);

/** How many descriptors this process has open below the test's directory. */
async function openDescriptors(): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((target) => target.startsWith(directory)).length;
}

describe('a part file', () => {
  test('is trusted after a clean stop', async () => {
    const part = await openPart();
    await record(part, 0, 1000);
    await part.close();
    const again = await openPart();
    expect([spans(again, 'trusted'), spans(again, 'doubted')]).toEqual([[[0, 1000]], []]);
    await again.close();
  });

  test('stays in doubt after a clean stop, as long as a span was not compared or did not match', async () => {
    const killed = await openPart();
    await record(killed, 0, 1000);
    await record(killed, 2000, 3000);
    await damage(2500);

    const second = await openPart();
    expect(spans(second, 'doubted')).toEqual([
      [0, 1000],
      [2000, 3000],
    ]);
    expect(await second.check({ start: 2000, end: 3000 })).toBe(false);
    await second.close();

    const third = await openPart();
    expect(spans(third, 'trusted')).toEqual([]);
    expect(await third.check({ start: 0, end: 1000 })).toBe(true);
    await record(third, 2000, 3000);
    await third.close();

    const fourth = await openPart();
    for (const span of fourth.doubted) expect(await fourth.check(span)).toBe(true);
    await fourth.close();
    const fifth = await openPart();
    expect(fifth.trusted.length).toBe(3);
    await fifth.close();
  });

  test('compares each of two records that begin at one place', async () => {
    const killed = await openPart();
    await record(killed, 0, 1000);
    await record(killed, 0, 2000);
    const part = await openPart();
    for (const span of part.doubted) expect(await part.check(span)).toBe(true);
    await part.close();
  });

  test('is in doubt when the data has another length than it should', async () => {
    const part = await openPart();
    await record(part, 0, 3000);
    await part.close();
    await truncate(path, 2000);
    const again = await openPart();
    expect(spans(again, 'trusted')).toEqual([]);
    expect(await again.check({ start: 0, end: 3000 })).toBe(false);
    await again.close();
  });

  test('leaves no descriptor open when its journal cannot be made', async () => {
    await mkdir(journalPath(path));
    await expect(openPart()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await openDescriptors()).toBe(0);
  });

  test('adds nothing to a journal that a failed write may have torn', async () => {
    const part = await openPart();
    await record(part, 0, 1000);
    await rename(journalPath(path), `${path}.kept`);
    await mkdir(journalPath(path));
    await expect(record(part, 1000, 2000)).rejects.toMatchObject({ code: 'INTERNAL' });
    await rm(journalPath(path), { recursive: true });
    await rename(`${path}.kept`, journalPath(path));
    await record(part, 2000, 3000);
    await part.close();
    const again = await openPart();
    expect([spans(again, 'trusted'), spans(again, 'doubted')]).toEqual([[], [[0, 1000]]]);
    await again.close();
  });

  test('leaves no descriptor open when its last commit fails', async () => {
    const part = await openPart();
    await part.write([new Uint8Array(10)], 0);
    await rm(journalPath(path));
    await mkdir(journalPath(path));
    await expect(part.close()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await openDescriptors()).toBe(0);
  });
});
