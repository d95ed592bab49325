import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { patternContent, type SampleRepo } from '../../../src/sample-hub/index.ts';
import type { TestMirror } from '../../support/start-server.ts';
import type { ClientBed } from '../clients/client-bed.ts';

const MIB = 2 ** 20;

/** Nested folders, empty files, names of all kinds, sizes around pieces. */
export const TORRENT_REPO: SampleRepo = {
  name: 'org/nested-model',
  card: { license: 'apache-2.0' },
  files: {
    'README.md': '# nested\n',
    'a/b/c/d/deep.bin': patternContent(MIB + 1, 'deep'),
    'a/b/empty.txt': '',
    'a-b.txt': 'between a/ and a.txt\n',
    'a.txt': 'x',
    'onnx/model.onnx': patternContent(3 * MIB, 'onnx'),
    'model.safetensors': patternContent(5 * MIB - 7, 'weights'),
    'ünïcödé/日本語 😀.txt': 'こんにちは\n',
    'with space & more (1).bin': patternContent(16 * 1024, 'space'),
    'x.torrent': 'not a torrent, just a file of this name\n',
    'zero.bin': '',
  },
};

/** The torrent at a path of the mirror, once it is there, as a file in `folder`. */
export async function saveTorrent(mirror: TestMirror, path: string, folder: string): Promise<string> {
  const separator = path.includes('?') ? '&' : '?';
  const response = await fetch(`${mirror.url}${path}${separator}wait=60`);
  expect(response.status, await response.clone().text()).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-bittorrent');
  const file = join(folder, 'download.torrent');
  await writeFile(file, new Uint8Array(await response.arrayBuffer()));
  return file;
}

/**
 * Every file of the repo below `folder` is there, byte for byte; pads that a client wrote do not count. `makesEmptyFiles`: some clients make
 * no files of no bytes.
 */
export async function expectRepo(
  bed: ClientBed,
  folder: string,
  { makesEmptyFiles = true }: { readonly makesEmptyFiles?: boolean } = {},
): Promise<void> {
  const repo = TORRENT_REPO;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.pad/'));
  const wanted = Object.entries(repo.files).flatMap(([path, file]) => (file === '' && !makesEmptyFiles ? [] : [path]));
  expect(paths.sort()).toEqual(wanted.sort());
  for (const path of paths) await expectFile(bed, path, join(folder, path));
}

/** One file is what the hub published. */
export async function expectFile(bed: ClientBed, path: string, saved: string): Promise<void> {
  const { content, size } = bed.hub.file(TORRENT_REPO.name, path);
  const bytes = await readFile(saved);
  expect(Buffer.compare(bytes, content?.read(0, size) ?? Buffer.alloc(0)), path).toBe(0);
}
