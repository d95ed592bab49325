import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ContentId, Entry, RepoRef } from '../contracts/domain.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { merkleRoot } from '../metainfo/merkle.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { HeldHashes } from './held-hashes.ts';
import type { Subject } from './subject.ts';
import { TorrentLibrary } from './torrent-library.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const repo: RepoRef = { type: 'models', id: 'org/name' };
const commit = 'c'.repeat(40);

/** Hashes of nothing in particular, of the right lengths and different for each file. */
class MadeUpHashes implements Pick<HeldHashes, 'has' | 'find'> {
  readonly missing = new Set<string>();
  finds = 0;

  has(content: ContentId): boolean {
    return content.kind === 'plain' || !this.missing.has(content.sha256);
  }

  find(content: ContentId, pieceLength: number): FileHashes | undefined {
    this.finds += 1;
    if (!this.has(content)) return undefined;
    const { size } = content;
    const count = Math.ceil(size / pieceLength);
    const seed = createHash('sha256').update(JSON.stringify(content)).digest();
    const nodes = new Uint8Array(size > MIB ? Math.ceil(size / MIB) * 32 : 0);
    nodes.set(seed.subarray(0, nodes.length));
    const pieces = { pieceLength, pieces: new Uint8Array(count * 20), paddedLast: new Uint8Array(20) };
    const root = nodes.length > 0 ? merkleRoot(nodes, 6) : seed;
    return { merkle: { root, nodes }, pieces: [pieces] };
  }
}

function setUp(isServable = true) {
  const hashes = new MadeUpHashes();
  const library = new TorrentLibrary(hashes as unknown as HeldHashes, { servable: () => isServable });
  return { hashes, library };
}

const entryOf = (path: string, size: number): Entry => ({
  path,
  size,
  gitOid: createHash('sha1').update(path).digest('hex'),
  sha256: createHash('sha256').update(path).digest('hex'),
});

function repoOf(entries: Entry[]): Subject {
  const grant = { repo, commit, access: 'public', expiresAt: Number.POSITIVE_INFINITY, stale: false } as const;
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  return {
    kind: 'repo',
    key: `org/name@${commit}/`,
    revision: 'main',
    size,
    grant,
    tree: { repo, commit, entries, directories: [] },
  };
}

test('a repo of 2 TB in 5,000 files is a torrent below the 10 MB that libtorrent loads', async () => {
  const { library } = setUp();
  const entries = Array.from({ length: 5000 }, (_, index) => entryOf(`model-${index}.safetensors`, 400_000_000));
  const sealed = await library.find(repoOf(entries), 'default');
  const bytes = createTorrent({ info: sealed?.info ?? new Uint8Array(0), pieceLayers: sealed?.pieceLayers });
  expect(sealed?.layout).toMatchObject({ version: 'hybrid', length: 2e12 });
  expect(bytes.length).toBeLessThan(10_000_000);
  expect(parseTorrent(bytes, { torrentBytes: 10_000_000 }).files.length).toBeGreaterThan(5000);
});

test('a repo that is too large for one torrent is refused with TOO_LARGE', async () => {
  const { library } = setUp();
  const entries = Array.from({ length: 50_000 }, (_, index) => entryOf(`${'long-name'.repeat(12)}-${index}.bin`, GIB));
  await expect(library.find(repoOf(entries), 'default')).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

test('a repo of more than 20,000 files is v2 only', () => {
  const { library } = setUp();
  const entries = Array.from({ length: 20_001 }, (_, index) => entryOf(`${index}`, 4 * MIB));
  expect(library.plan(repoOf(entries), 'default').version).toBe('v2');
  expect(library.plan(repoOf(entries.slice(1)), 'default').version).toBe('hybrid');
});

test('a torrent that was made is kept while all its files are held', async () => {
  const { library, hashes } = setUp();
  const entries = [entryOf('a', 5), entryOf('b', 6)];
  const first = await library.find(repoOf(entries), 'default');
  const { finds } = hashes;
  expect(await library.find(repoOf(entries), 'default')).toBe(first);
  expect(hashes.finds).toBe(finds);
  hashes.missing.add(entries[1]?.sha256 ?? '');
  expect(await library.find(repoOf(entries), 'default')).toBeUndefined();
});

test('held bytes that the Hub never served for this repo become no torrent of it', async () => {
  const { library } = setUp(false);
  expect(await library.find(repoOf([entryOf('stolen.bin', 5)]), 'default')).toBeUndefined();
});
