import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { PartShelf, partsDirectory } from './part-shelf.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shelf-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a part that is being dropped is gone before a new one of its name may be made', async () => {
  const shelf = new PartShelf(new ManualClock());
  await shelf.scan([directory]);
  const path = join(partsDirectory(directory), 'a.part');
  await writeFile(path, 'old');
  await writeFile(`${path}.journal`, 'old');
  shelf.put('a.part', directory, 3);
  const dropping = shelf.drop('all');
  expect(await shelf.take('a.part')).toBeUndefined();
  await writeFile(path, 'new');
  await writeFile(`${path}.journal`, 'new');
  await dropping;
  await access(path);
  await access(`${path}.journal`);
});
