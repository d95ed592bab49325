import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Catalog, StoredBlob } from '../../src/contracts/catalog.ts';
import type { ContentId, Entry, RepoRef, Tree } from '../../src/contracts/domain.ts';
import type { FileHashes, PieceHashes } from '../../src/contracts/piece-hashes.ts';
import type { SeededTorrent } from '../../src/contracts/seeded-torrents.ts';

/** Opens the catalogue of one place; opened again, it knows what it was told before. */
export type OpenCatalog = () => Promise<Catalog>;

const MODEL: RepoRef = { type: 'models', id: 'org/model' };
const COMMIT = '1'.repeat(40);

/** A SHA-256 made from a name. */
const sha256Of = (name: string): string => createHash('sha256').update(name).digest('hex');
const sha1Of = (name: string): string => createHash('sha1').update(name).digest('hex');

const plainEntry: Entry = { path: 'config.json', size: 12, gitOid: sha1Of('config') };
const lfsEntry: Entry = { path: 'data/ü #1%.bin', size: 5e12, gitOid: sha1Of('pointer'), sha256: sha256Of('weights') };
const xetEntry: Entry = { ...lfsEntry, path: 'x.safetensors', xetHash: sha256Of('xet') };
const tree: Tree = {
  repo: MODEL,
  commit: COMMIT,
  entries: [xetEntry, plainEntry, lfsEntry],
  directories: [{ path: 'data', gitOid: sha1Of('data') }],
};

function storedBlob(name: string, change: Partial<StoredBlob> = {}): StoredBlob {
  const times = { usedAt: 1000, pinned: false, verifiedAt: 1000 };
  return { sha256: sha256Of(name), size: 10, gitOid: sha1Of(name), directory: '/data', ...times, ...change };
}

const lfsId = (blob: StoredBlob): ContentId => ({ kind: 'lfs', sha256: blob.sha256, size: blob.size });
const names = (blobs: readonly StoredBlob[]): string[] => blobs.map(({ sha256 }) => sha256);

/**
 * What every implementation of `Catalog` must do. `createPlace` makes an empty place; the catalogue at it may be opened
 * again after `close`.
 */
export function describeCatalog(implementation: string, createPlace: () => Promise<OpenCatalog>): void {
  async function openEmpty(): Promise<{ catalog: Catalog; reopen: () => Promise<Catalog> }> {
    const open = await createPlace();
    let current = await open();
    onTestFinished(() => current.close());
    return {
      catalog: current,
      reopen: async () => {
        current.close();
        current = await open();
        return current;
      },
    };
  }

  describe(`${implementation}: refs`, () => {
    test('knows nothing at first', async () => {
      const { catalog } = await openEmpty();
      expect(catalog.repo(MODEL)).toBeUndefined();
      expect(catalog.canonical(MODEL)).toBeUndefined();
      expect(catalog.ref(MODEL, 'main')).toBeUndefined();
      expect(catalog.tree(MODEL, COMMIT)).toBeUndefined();
      expect(catalog.entry(MODEL, COMMIT, 'config.json')).toBeUndefined();
      expect(catalog.servable(MODEL, sha256Of('weights'))).toBe(false);
    });

    test('remembers repos, names and refs across a restart, the last word counting', async () => {
      const { catalog, reopen } = await openEmpty();
      catalog.putRepo(MODEL, { access: 'public', checkedAt: 1, licenses: ['mit'] });
      catalog.putRepo(MODEL, { access: 'restricted', checkedAt: 2, licenses: ['apache-2.0', 'mit'] });
      catalog.putCanonical({ type: 'models', id: 'gpt2' }, { type: 'models', id: 'openai-community/gpt2' });
      catalog.putRef(MODEL, 'main', { commit: COMMIT, checkedAt: 3 });
      catalog.putRef(MODEL, 'main', { commit: '2'.repeat(40), checkedAt: 4 });
      catalog.putRef(MODEL, 'refs/pr/1', { commit: COMMIT, checkedAt: 5 });
      catalog.putServable(MODEL, sha256Of('weights'));
      catalog.putServable(MODEL, sha256Of('weights'));
      const again = await reopen();
      expect(again.repo(MODEL)).toEqual({ access: 'restricted', checkedAt: 2, licenses: ['apache-2.0', 'mit'] });
      expect(again.canonical({ type: 'models', id: 'gpt2' })).toEqual({ type: 'models', id: 'openai-community/gpt2' });
      expect(again.ref(MODEL, 'main')).toEqual({ commit: '2'.repeat(40), checkedAt: 4 });
      expect(again.ref(MODEL, 'refs/pr/1')).toEqual({ commit: COMMIT, checkedAt: 5 });
      expect(again.servable(MODEL, sha256Of('weights'))).toBe(true);
    });

    test('keeps a repo without a licence apart from one whose licences nobody asked for', async () => {
      const { catalog, reopen } = await openEmpty();
      const other: RepoRef = { type: 'models', id: 'org/other' };
      catalog.putRepo(MODEL, { access: 'public', checkedAt: 1, licenses: [] });
      catalog.putRepo(other, { access: 'public', checkedAt: 1, licenses: undefined });
      const again = await reopen();
      expect(again.repo(MODEL)?.licenses).toEqual([]);
      expect(again.repo(other)).toEqual({ access: 'public', checkedAt: 1, licenses: undefined });
    });

    test('tells repos apart by type and by the case of their id', async () => {
      const { catalog } = await openEmpty();
      catalog.putRepo(MODEL, { access: 'public', checkedAt: 1, licenses: undefined });
      catalog.putServable(MODEL, sha256Of('weights'));
      for (const other of [{ ...MODEL, type: 'datasets' } as const, { ...MODEL, id: 'Org/model' }]) {
        expect(catalog.repo(other)).toBeUndefined();
        expect(catalog.servable(other, sha256Of('weights'))).toBe(false);
      }
    });

    test('gives a tree back as it was put, and its entries by path', async () => {
      const { catalog, reopen } = await openEmpty();
      const expectTree = (from: Catalog): void => {
        expect(from.tree(MODEL, COMMIT)).toEqual(tree);
        for (const entry of tree.entries) expect(from.entry(MODEL, COMMIT, entry.path)).toEqual(entry);
        expect(from.entry(MODEL, COMMIT, 'data')).toBeUndefined();
        expect(from.entry(MODEL, '2'.repeat(40), 'config.json')).toBeUndefined();
      };
      catalog.putTree(tree);
      expectTree(catalog);
      expectTree(await reopen());
    });

    test('keeps an empty tree apart from an unknown one', async () => {
      const { catalog } = await openEmpty();
      const empty: Tree = { repo: MODEL, commit: COMMIT, entries: [], directories: [] };
      catalog.putTree(empty);
      expect(catalog.tree(MODEL, COMMIT)).toEqual(empty);
    });

    test('answers single look-ups, also with a git oid that is not known yet, until the tree says more', async () => {
      const { catalog, reopen } = await openEmpty();
      catalog.putEntry(MODEL, COMMIT, plainEntry);
      catalog.putEntry(MODEL, COMMIT, { ...xetEntry, gitOid: '' });
      const again = await reopen();
      expect(again.entry(MODEL, COMMIT, plainEntry.path)).toEqual(plainEntry);
      expect(again.entry(MODEL, COMMIT, xetEntry.path)).toEqual({ ...xetEntry, gitOid: '' });
      expect(again.tree(MODEL, COMMIT)).toBeUndefined();
      again.putTree(tree);
      expect(again.entry(MODEL, COMMIT, xetEntry.path)).toEqual(xetEntry);
    });
  });

  describe(`${implementation}: documents`, () => {
    test('gives bytes, status and headers back, the last version counting', async () => {
      const { catalog, reopen } = await openEmpty();
      const body = Uint8Array.from([0, 255, 1, 128]);
      catalog.putDocument('a', { status: 404, headers: {}, body: new Uint8Array(0), storedAt: 1 });
      catalog.putDocument('a', { status: 200, headers: { 'x-repo-commit': COMMIT }, body, storedAt: 2 });
      const found = (await reopen()).document('a');
      expect(found).toMatchObject({ status: 200, headers: { 'x-repo-commit': COMMIT }, storedAt: 2 });
      expect([...(found?.body ?? [])]).toEqual([...body]);
    });
  });

  describe(`${implementation}: blob index`, () => {
    test('finds a blob by its name and by every content id that it answers to', async () => {
      const { catalog, reopen } = await openEmpty();
      const blob = storedBlob('a');
      const plain: ContentId = { kind: 'plain', repo: MODEL, gitOid: blob.gitOid, size: blob.size };
      catalog.putBlob(blob, [lfsId(blob)]);
      catalog.linkContent(blob.sha256, plain);
      const again = await reopen();
      expect(again.blob(blob.sha256)).toEqual(blob);
      expect(again.findContent(lfsId(blob))).toEqual(blob);
      expect(again.findContent(plain)).toEqual(blob);
    });

    test('does not find it by an id of another repo, case, size or kind', async () => {
      const { catalog } = await openEmpty();
      const blob = storedBlob('a');
      const plain = { kind: 'plain', repo: MODEL, gitOid: blob.gitOid, size: blob.size } as const;
      catalog.putBlob(blob, [plain]);
      expect(catalog.findContent({ ...plain, repo: { type: 'datasets', id: 'org/model' } })).toBeUndefined();
      expect(catalog.findContent({ ...plain, repo: { type: 'models', id: 'Org/Model' } })).toBeUndefined();
      expect(catalog.findContent({ ...plain, size: 11 })).toBeUndefined();
      expect(catalog.findContent(lfsId(blob))).toBeUndefined();
    });

    test('forgets a removed blob with all its content ids, and links nothing to it', async () => {
      const { catalog } = await openEmpty();
      const blob = storedBlob('a');
      catalog.putBlob(blob, [lfsId(blob)]);
      catalog.removeBlob(blob.sha256);
      catalog.removeBlob(blob.sha256);
      catalog.linkContent(blob.sha256, lfsId(blob));
      expect(catalog.blob(blob.sha256)).toBeUndefined();
      catalog.putBlob(blob, []);
      expect(catalog.findContent(lfsId(blob))).toBeUndefined();
    });

    test('counts blobs and bytes, each blob once', async () => {
      const { catalog, reopen } = await openEmpty();
      catalog.putBlob(storedBlob('a', { size: 10 }), []);
      catalog.putBlob(storedBlob('a', { size: 10, directory: '/other' }), []);
      catalog.putBlob(storedBlob('b', { size: 7 }), []);
      catalog.putBlob(storedBlob('c', { size: 0 }), []);
      catalog.removeBlob(sha256Of('b'));
      expect(catalog.totals()).toEqual({ blobs: 2, bytes: 10 });
      expect((await reopen()).totals()).toEqual({ blobs: 2, bytes: 10 });
    });

    test('lists the least recently used first, without the pinned ones', async () => {
      const { catalog, reopen } = await openEmpty();
      catalog.putBlob(storedBlob('a', { usedAt: 1 }), []);
      catalog.putBlob(storedBlob('b', { usedAt: 2, pinned: true }), []);
      catalog.putBlob(storedBlob('c', { usedAt: 3 }), []);
      catalog.putBlob(storedBlob('d', { usedAt: 4 }), []);
      catalog.touchBlob(sha256Of('a'), 5);
      catalog.touchBlob(sha256Of('gone'), 5);
      expect(names(catalog.leastRecentlyUsed(10))).toEqual(['c', 'd', 'a'].map(sha256Of));
      expect(names(catalog.leastRecentlyUsed(1))).toEqual([sha256Of('c')]);
      catalog.touchBlob(sha256Of('c'), 6);
      expect((await reopen()).blob(sha256Of('c'))?.usedAt).toBe(6);
    });

    test('lists the longest unverified first, pinned or not', async () => {
      const { catalog } = await openEmpty();
      catalog.putBlob(storedBlob('a', { verifiedAt: 1 }), []);
      catalog.putBlob(storedBlob('b', { verifiedAt: 2, pinned: true }), []);
      catalog.putBlob(storedBlob('c', { verifiedAt: 3 }), []);
      catalog.markVerified(sha256Of('a'), 4);
      expect(names(catalog.longestUnverified(10))).toEqual(['b', 'c', 'a'].map(sha256Of));
      expect(catalog.blob(sha256Of('a'))?.verifiedAt).toBe(4);
    });

    test('can be walked through in the order of the names', async () => {
      const { catalog } = await openEmpty();
      const all = Array.from({ length: 7 }, (_, index) => storedBlob(`blob ${index}`));
      for (const blob of all) catalog.putBlob(blob, []);
      const walked: string[] = [];
      for (let last = ''; ; ) {
        const rows = catalog.blobsAfter(last, 3);
        walked.push(...names(rows));
        const end = rows.at(-1);
        if (!end) break;
        last = end.sha256;
      }
      expect(walked).toEqual(names(all).sort());
    });
  });
  describe(`${implementation}: counters`, () => {
    const other: RepoRef = { type: 'datasets', id: 'org/with/slashes' };
    const third: RepoRef = { type: 'spaces', id: 'legacy' };
    const none = { requests: 0, bytesToClients: 0, bytesFromHub: 0, bytesByPeers: 0 };

    test('count nothing at first', async () => {
      const { catalog } = await openEmpty();
      expect(catalog.counters.topRepos(10)).toEqual([]);
      expect(catalog.counters.totals()).toEqual(none);
    });

    test('add up what is added, at once and across restarts, the repo with the most bytes to clients first', async () => {
      const { catalog, reopen } = await openEmpty();
      const before = Date.now();
      catalog.counters.add(MODEL, { requests: 1 });
      catalog.counters.add(MODEL, { bytesToClients: 5e9, bytesFromHub: 7 });
      catalog.counters.add(other, { requests: 2, bytesToClients: 6e9, bytesByPeers: 3 });
      catalog.counters.add(third, {});
      const lastRequest = expect.any(Number);
      const expected = [
        { repo: other, ...none, requests: 2, bytesToClients: 6e9, bytesByPeers: 3, lastRequest },
        { repo: MODEL, ...none, requests: 1, bytesToClients: 5e9, bytesFromHub: 7, lastRequest },
        { repo: third, ...none, lastRequest },
      ];
      expect(catalog.counters.topRepos(10)).toEqual(expected);
      catalog.counters.add(MODEL, { requests: 1, bytesToClients: 2e9 });
      const again = await reopen();
      expect(again.counters.totals()).toEqual({ requests: 4, bytesToClients: 13e9, bytesFromHub: 7, bytesByPeers: 3 });
      expect(again.counters.topRepos(1)).toEqual([{ ...expected[1], requests: 2, bytesToClients: 7e9 }]);
      expect(again.counters.topRepos(1)[0]?.lastRequest).toBeGreaterThanOrEqual(before);
    });

    test('take bytes alone for no request', async () => {
      const { catalog } = await openEmpty();
      catalog.counters.add(MODEL, { requests: 1 });
      const at = catalog.counters.topRepos(1)[0]?.lastRequest;
      catalog.counters.add(MODEL, { bytesFromHub: 1 });
      catalog.counters.add(other, { bytesFromHub: 1 });
      expect(catalog.counters.topRepos(2).map((repo) => repo.lastRequest)).toEqual([at, 0]);
    });
  });

  describe(`${implementation}: seeded torrents`, () => {
    const torrent = (value: number, path: string, madeAt: number): SeededTorrent => {
      const infoHash = new Uint8Array(20).fill(value);
      return { infoHash, repo: MODEL, commit: COMMIT, path, variant: 'default', madeAt };
    };

    test('are found by either name, across a restart, until they are removed', async () => {
      const { catalog, reopen } = await openEmpty();
      const [one, other] = [torrent(1, '', 5), torrent(2, 'a/b.bin', 6)];
      catalog.torrents.put(one, 'key 1');
      catalog.torrents.put(other, 'key 2');
      const { torrents } = await reopen();
      expect(torrents.find(one.infoHash)).toEqual(one);
      expect(torrents.findByLookupKey('key 2')).toEqual(other);
      expect(torrents.find(new Uint8Array(20))).toBeUndefined();
      torrents.remove(one.infoHash);
      expect([torrents.find(one.infoHash), torrents.findByLookupKey('key 1'), torrents.count()]).toEqual([
        undefined,
        undefined,
        1,
      ]);
    });

    test('are walked through by their hash, and listed by their age', async () => {
      const { catalog } = await openEmpty();
      const all = [torrent(3, '', 10), torrent(1, '', 30), torrent(2, '', 20), torrent(9, 'file', 99)];
      for (const each of all) catalog.torrents.put(each, `key of ${each.infoHash[0]}`);
      const first = (list: readonly SeededTorrent[]) => list.map(({ infoHash }) => infoHash[0]);
      expect(first(catalog.torrents.after(new Uint8Array(0), 2))).toEqual([1, 2]);
      expect(first(catalog.torrents.after(new Uint8Array(20).fill(2), 9))).toEqual([3, 9]);
      expect(first(catalog.torrents.newest('repo', 2))).toEqual([1, 2]);
      expect(first(catalog.torrents.newest('file', 2))).toEqual([9]);
    });
  });

  describe(`${implementation}: piece hashes`, () => {
    const fill = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
    const merkle = { root: fill(32, 1), nodes: fill(96, 2) };
    const side = (pieceLength: number, value: number): PieceHashes => ({
      pieceLength,
      pieces: fill(60, value),
      paddedLast: fill(20, value + 1),
    });
    const small: FileHashes = { merkle: { root: fill(32, 9), nodes: fill(0, 0) }, pieces: [] };

    test('are unknown until they are put', async () => {
      const { catalog } = await openEmpty();
      expect(catalog.hashes.merkleHashes(sha256Of('a'))).toBeUndefined();
      expect(catalog.hashes.pieceHashes(sha256Of('a'), 2 ** 20)).toBeUndefined();
      expect(catalog.hashes.has(sha256Of('a'), 2 ** 20)).toBe(false);
    });

    test('are put before the blob, and come back after a restart, at each piece length', async () => {
      const { catalog, reopen } = await openEmpty();
      const blob = storedBlob('a');
      catalog.hashes.putHashes(blob.sha256, { merkle, pieces: [side(2 ** 20, 3), side(2 ** 24, 5)] });
      catalog.hashes.putHashes(storedBlob('b').sha256, small);
      catalog.putBlob(blob, []);
      catalog.putBlob(storedBlob('b'), []);
      const again = await reopen();
      expect(again.hashes.merkleHashes(blob.sha256)).toEqual(merkle);
      expect(again.hashes.pieceHashes(blob.sha256, 2 ** 20)).toEqual(side(2 ** 20, 3));
      expect(again.hashes.pieceHashes(blob.sha256, 2 ** 24)).toEqual(side(2 ** 24, 5));
      expect(again.hashes.pieceHashes(blob.sha256, 2 ** 21)).toBeUndefined();
      expect([2 ** 20, 2 ** 21].map((length) => again.hashes.has(blob.sha256, length))).toEqual([true, false]);
      expect(again.hashes.merkleHashes(storedBlob('b').sha256)).toEqual(small.merkle);
    });

    test('of another piece length are added to what is known', async () => {
      const { catalog } = await openEmpty();
      catalog.hashes.putHashes(sha256Of('a'), { merkle, pieces: [side(2 ** 20, 3)] });
      catalog.hashes.putHashes(sha256Of('a'), { merkle, pieces: [side(2 ** 22, 7)] });
      expect(catalog.hashes.pieceHashes(sha256Of('a'), 2 ** 20)).toEqual(side(2 ** 20, 3));
      expect(catalog.hashes.pieceHashes(sha256Of('a'), 2 ** 22)).toEqual(side(2 ** 22, 7));
    });

    test('go with their blob, and with no other', async () => {
      const { catalog } = await openEmpty();
      for (const name of ['a', 'b']) {
        catalog.hashes.putHashes(sha256Of(name), { merkle, pieces: [side(2 ** 20, 3)] });
        catalog.putBlob(storedBlob(name), []);
      }
      catalog.removeBlob(sha256Of('a'));
      expect(catalog.hashes.merkleHashes(sha256Of('a'))).toBeUndefined();
      expect(catalog.hashes.pieceHashes(sha256Of('a'), 2 ** 20)).toBeUndefined();
      expect(catalog.hashes.merkleHashes(sha256Of('b'))).toEqual(merkle);
      expect(catalog.hashes.pieceHashes(sha256Of('b'), 2 ** 20)).toEqual(side(2 ** 20, 3));
    });

    test('whose blob was never stored are gone after a restart', async () => {
      const { catalog, reopen } = await openEmpty();
      catalog.hashes.putHashes(sha256Of('orphan'), { merkle, pieces: [side(2 ** 20, 3)] });
      expect(catalog.hashes.merkleHashes(sha256Of('orphan'))).toEqual(merkle);
      const again = await reopen();
      expect(again.hashes.merkleHashes(sha256Of('orphan'))).toBeUndefined();
      expect(again.hashes.pieceHashes(sha256Of('orphan'), 2 ** 20)).toBeUndefined();
    });
  });
}
