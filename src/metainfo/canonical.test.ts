import { describe, expect, test } from 'vitest';
import { canonicalPieceLength, planFileTorrent, planRepoTorrent, type Variant } from './canonical.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

const pathsOf = ({ files }: ReturnType<typeof planRepoTorrent>): string[] =>
  files.map(({ path }) => path.map((element) => Buffer.from(element).toString()).join('/'));
const repoOf = (paths: readonly string[], length = MIB, variant?: Variant) =>
  planRepoTorrent(
    'name',
    paths.map((path) => ({ path, length })),
    variant,
  );

test.each([
  [1, MIB],
  [GIB, MIB],
  [GIB + 1, 4 * MIB],
  [512 * GIB, 4 * MIB],
  [512 * GIB + 1, 16 * MIB],
  [2 * TIB, 16 * MIB],
  [2 * TIB + 1, 64 * MIB],
])('%i bytes have pieces of %i', (bytes, pieceLength) => {
  expect(canonicalPieceLength(bytes)).toBe(pieceLength);
  expect(planFileTorrent('f', bytes).pieceLength).toBe(pieceLength);
});

describe('files are in the order of the v2 tree', () => {
  test('element by element, as bytes', () => {
    expect(pathsOf(repoOf(['b', 'a-b', 'a/z', 'Z', 'a/b/c', 'a.b']))).toEqual(['Z', 'a/b/c', 'a/z', 'a-b', 'a.b', 'b']);
    expect(pathsOf(repoOf(['é', 'z', '文', 'e\u0301']))).toEqual(['e\u0301', 'z', 'é', '文']);
  });

  test('however they were listed', () => {
    const paths = ['c', 'a/1', 'a/0', 'b'];
    expect(pathsOf(repoOf(paths))).toEqual(pathsOf(repoOf([...paths].reverse())));
  });
});

describe('pads', () => {
  const padsOf = (lengths: readonly number[], variant?: Variant) =>
    planRepoTorrent(
      'name',
      lengths.map((length, index) => ({ path: `${index}`, length })),
      variant,
    ).files.map(({ padAfter }) => padAfter);

  test('stand behind each file that does not fill its last piece, the last one included', () => {
    expect(padsOf([1, MIB, MIB + 1, 0, 5])).toEqual([MIB - 1, 0, MIB - 1, 0, MIB - 5]);
    expect(padsOf([1, 5], 'v1')).toEqual([MIB - 1, MIB - 5]);
  });

  test('are not in v2, nor where there is a single file', () => {
    expect(padsOf([1, 5], 'v2')).toEqual([0, 0]);
    expect(padsOf([5])).toEqual([0]);
    expect(planFileTorrent('f', 5).padBytes).toBe(0);
  });
});

describe('a repo is v2 only', () => {
  const many = (count: number, length: number) =>
    Array.from({ length: count }, (_, index) => ({ path: `${index}`, length }));

  test('beyond 20,000 files', () => {
    expect(planRepoTorrent('n', many(20_000, 4 * MIB)).version).toBe('hybrid');
    expect(planRepoTorrent('n', many(20_001, 4 * MIB)).version).toBe('v2');
  });

  test('beyond pads of 256 MiB and of a quarter of its bytes', () => {
    expect(planRepoTorrent('n', many(256, 1)).version).toBe('hybrid');
    expect(planRepoTorrent('n', many(300, 1)).version).toBe('v2');
    const share = (length: number) => [{ path: 'big', length }, ...many(300, 1)];
    expect(planRepoTorrent('n', share(GIB - 300)).version).toBe('v2');
    expect(planRepoTorrent('n', share(1199 * 4 * MIB)).version).toBe('v2');
    expect(planRepoTorrent('n', share(1201 * 4 * MIB)).version).toBe('hybrid');
  });

  test('and has no v1 torrent then', () => {
    expect(() => planRepoTorrent('n', many(300, 1), 'v1')).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(planRepoTorrent('n', many(300, 1), 'v2').version).toBe('v2');
  });
});

describe('there is no torrent of', () => {
  test.each([
    ['a file of no bytes', () => planFileTorrent('f', 0)],
    ['a repo of no bytes', () => repoOf(['a', 'b'], 0)],
    ['a repo of no files', () => repoOf([])],
    ['two files of one path', () => repoOf(['a', 'a'])],
    ['a file where another has a folder', () => repoOf(['a', 'a/b'])],
    ['a file where another has a folder, listed after others', () => repoOf(['a/b', 'a!', 'a'])],
    ['a path with ..', () => repoOf(['a/../b'])],
    ['a path with an empty element', () => repoOf(['a//b'])],
    ['an absolute path', () => repoOf(['/a'])],
    ['a name with a slash', () => planFileTorrent('a/b', 1)],
    ['a name of nothing', () => planFileTorrent('', 1)],
    ['a name with a NUL', () => planFileTorrent('a\0b', 1)],
  ])('%s', (_name, plan) => {
    expect(plan).toThrow(expect.objectContaining({ code: 'BAD_TORRENT' }));
  });

  test('more than libtorrent loads', () => {
    const files = Array.from({ length: 30_000 }, (_, index) => ({
      path: `${'x'.repeat(200)}-${index}`,
      length: 80 * MIB,
    }));
    expect(() => planRepoTorrent('n', files)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });
});
