import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const FORMS = ['hybrid', 'v1', 'v2'] as const;
export type Form = (typeof FORMS)[number];

const KIB = 1024;
export const MIB: number = 1024 * KIB;

interface Hashes {
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
}

/** Files whose torrents are compared. */
export interface Case {
  readonly title: string;
  /** Of the torrent. */
  readonly name: string;
  readonly kind: 'file' | 'repo';
  readonly files: readonly { readonly path: string; readonly length: number }[];
  readonly pieceLength: number;
  /** Of a vector of docs/canonical-torrent.md. */
  readonly expected?: Readonly<Record<Form, Hashes>>;
}

const single = (length: number, pieceLength = MIB): Case => ({
  title: `a file of ${length} bytes in pieces of ${pieceLength}`,
  name: `f${length}`,
  kind: 'file',
  files: [{ path: `f${length}`, length }],
  pieceLength,
});
const repo = (title: string, files: Readonly<Record<string, number>>, pieceLength = MIB): Case => ({
  title,
  name: 'name of repo',
  kind: 'repo',
  files: Object.entries(files).map(([path, length]) => ({ path, length })),
  pieceLength,
});
/** Every fifth one is empty: pads of 300 files would be more than a hybrid may have. */
const many = (count: number): Record<string, number> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${index % 7}/file-${index}.txt`,
      index % 5 === 0 ? 0 : (index * 977) % 50_000,
    ]),
  );

const VECTORS = join(import.meta.dirname, '../../fixtures/canonical-vectors.json');

function readVectors(): Case[] {
  const vectors: (Omit<Case, 'expected'> & Record<Form, Hashes>)[] = JSON.parse(readFileSync(VECTORS, 'utf8'));
  return vectors.map(({ hybrid, v1, v2, ...rest }) => ({
    ...rest,
    title: `the vector "${rest.title}"`,
    expected: { hybrid, v1, v2 },
  }));
}

/** Nothing, blocks and pieces give or take a byte, trees that are no power of two wide; orders, names, depths, counts. */
export const CASES: readonly Case[] = [
  ...[0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 32 * KIB, 48 * KIB + 5].map((length) => single(length)),
  ...[MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1].map((length) => single(length)),
  ...[3.5 * MIB, 5 * MIB + 12_345, 7 * MIB, 17 * MIB + 3].map((length) => single(length)),
  ...[4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9.5 * MIB, 20 * MIB + 1].map((length) => single(length, 4 * MIB)),
  ...[16 * MIB, 33 * MIB + 5].map((length) => single(length, 16 * MIB)),
  repo('empty files among others', { 'a.txt': 0, 'b.bin': MIB + 1, 'c/d.txt': 0, 'z.txt': 0 }),
  repo('nothing but empty files', { a: 0, b: 0 }),
  repo('a repo of one file', { 'only.bin': 3 * MIB + 1 }),
  repo('a repo of one file of a piece', { 'only.bin': MIB }),
  repo('a repo of one file in a folder', { 'folder/only.bin': MIB + 1 }),
  repo('a repo of one file beside an empty one', { 'a.bin': MIB + 1, 'b.txt': 0 }),
  repo('a last file that fills its piece', { 'a.bin': 5, 'b.bin': 2 * MIB }),
  repo('a last file that does not fill its piece', { 'a.bin': 2 * MIB, 'b.bin': 5 }),
  repo('a last file that is empty', { 'a.bin': 5, 'b.bin': 0 }),
  repo('names whose order is not that of their paths', { 'a-b': 1, 'a/z': 2, 'a/b/c': 3, 'a.b': 4, a0: 5 }),
  repo('names in upper and lower case', { a: 1, Z: 2, B: 3, c: 4, 'B.md/x': 5, _: 6 }),
  repo('names that are not ASCII', { 'ünïcödé/日本語 😀.txt': 70_000, é: 1, 'e\u0301': 2, '\uffee': 3, '😀': 4 }),
  repo('names with signs in them', { 'spaces and #%?&+': 3, '.hidden': 4, '...': 5, 'a:b*"<>|': 6, "it's": 7 }),
  repo('files of the same bytes', { 'a/x.bin': 0, 'b/x.bin': 0, 'c.bin': MIB + 1 }),
  repo('folders in folders', { [`${'d/'.repeat(30)}f.bin`]: MIB + 7, 'd/e.bin': 3, 'd/d/0': 1 }),
  repo('files in pieces of 4 MiB', { 'a.bin': 9 * MIB + 1, b: 5, 'c/d': 8 * MIB, 'e.bin': 2 * MIB }, 4 * MIB),
  repo('many files', many(300)),
  ...readVectors(),
];

const PATTERN_BYTES = 64 * KIB;

/** The bytes of docs/canonical-torrent.md. They repeat every 64 KiB. */
export function bytesOf(file: number, length: number): Buffer {
  const pattern = Uint8Array.from({ length: PATTERN_BYTES }, (_, at) => (at * 31 + file * 7 + (at >> 8)) & 255);
  return Buffer.alloc(length, pattern);
}
