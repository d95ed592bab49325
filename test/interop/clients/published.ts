import { open, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import type { RepoFile, SampleHub } from '../../../src/sample-hub/index.ts';

const CHUNK = 1 << 20;

export interface Published {
  /** `org/name`, `datasets/org/name` ... */
  readonly repo: string;
  /** Default `main`. */
  readonly revision?: string;
}

/** All paths of a public or gated repo, as the hub itself lists them. */
export async function publishedPaths(hub: SampleHub, { repo, revision = 'main' }: Published): Promise<string[]> {
  const name = /^(datasets|spaces)\//.test(repo) ? repo : `models/${repo}`;
  const response = await fetch(`${hub.url}/api/${name}/revision/${encodeURIComponent(revision)}`);
  const { siblings } = (await response.json()) as { readonly siblings: readonly { readonly rfilename: string }[] };
  return siblings.map(({ rfilename }) => rfilename);
}

/** A file on disk has exactly the bytes that the hub published. */
export async function expectPublishedFile(
  hub: SampleHub,
  { repo, revision = 'main' }: Published,
  path: string,
  local: string,
): Promise<void> {
  const file = hub.file(repo, path, revision);
  expect((await stat(local)).size, `size of ${path}`).toBe(file.size);
  const wrong = await firstDifference(file, local);
  expect(wrong, `first wrong byte of ${path}`).toBeUndefined();
}

/** A folder holds these files (default: all of the repo) as published, and no others besides `.cache`. */
export async function expectPublishedFolder(
  hub: SampleHub,
  published: Published,
  folder: string,
  paths?: readonly string[],
): Promise<void> {
  const expected = paths ?? (await publishedPaths(hub, published));
  expect(await filesIn(folder)).toEqual([...expected].sort());
  for (const path of expected) await expectPublishedFile(hub, published, path, join(folder, path));
}

/** Bytes `[start, end)` of a published file; both count from the end when negative, as in `slice`. */
export function publishedBytes(
  hub: SampleHub,
  { repo, revision = 'main' }: Published,
  path: string,
  start: number = 0,
  end?: number,
): Buffer {
  const file = hub.file(repo, path, revision);
  return Buffer.from(read(file, 0, file.size)).subarray(start, end);
}

async function firstDifference(file: RepoFile, local: string): Promise<number | undefined> {
  await using handle = await open(local);
  const buffer = Buffer.alloc(CHUNK);
  for (let start = 0; start < file.size; start += CHUNK) {
    const expected = read(file, start, Math.min(start + CHUNK, file.size));
    const { bytesRead } = await handle.read(buffer, 0, expected.length, start);
    const actual = buffer.subarray(0, bytesRead);
    if (!actual.equals(expected)) return start + expected.findIndex((byte, index) => byte !== actual[index]);
  }
  return undefined;
}

function read(file: RepoFile, start: number, end: number): Uint8Array {
  if (!file.content) throw new RangeError(`${file.path} was published without its bytes`);
  return file.content.read(start, end);
}

/** Paths of all files, through symbolic links, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.cache/'))
    .sort();
}
