import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Suspects } from './suspects.ts';

let directory: string;
let now = 1_000_000;
const clock = { now: () => now, sleep: () => Promise.resolve() };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'suspects-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('the list of suspects', () => {
  test('remembers a mismatch for an hour, also over a restart', async () => {
    const path = join(directory, 'suspects.json');
    const suspects = await Suspects.open(path, clock);
    suspects.add('lfs:a:1');
    await suspects.close();
    const reopened = await Suspects.open(path, clock);
    expect(reopened.has('lfs:a:1')).toBe(true);
    expect(reopened.has('lfs:b:1')).toBe(false);
    now += 3_600_001;
    expect(reopened.has('lfs:a:1')).toBe(false);
  });

  test('lets the Hub be asked again after a pause that grows to ten seconds', async () => {
    const suspects = await Suspects.open(join(directory, 'suspects.json'), clock);
    for (const pause of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      suspects.add('key');
      now += pause - 1;
      expect(() => suspects.check('key', 'org/model/file')).toThrow(/org\/model\/file/);
      now += 1;
      suspects.check('key', 'org/model/file');
    }
    await suspects.close();
  });

  test('starts empty when its file is broken', async () => {
    const path = join(directory, 'suspects.json');
    for (const text of ['{', '[[1]]', '[["a", null]]', '{"a": 1}', '5']) {
      await writeFile(path, text);
      expect((await Suspects.open(path, clock)).has('a')).toBe(false);
    }
  });
});
