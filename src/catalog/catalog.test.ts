import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeCatalog } from '../../test/support/catalog-conformance.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { silentLogger } from '../base/silent-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Catalog, StoredBlob } from '../contracts/catalog.ts';
import type { RepoRef, Tree } from '../contracts/domain.ts';
import { type CatalogOptions, openCatalog } from './catalog.ts';

const MODEL: RepoRef = { type: 'models', id: 'org/model' };

describeCatalog('SQLite catalogue', async () => {
  const path = join(await tempDir(), 'catalog.db');
  return async () => openCatalog({ path, clock: systemClock, logger: silentLogger });
});

async function openInTemp(options: Partial<CatalogOptions> = {}): Promise<{ catalog: Catalog; path: string }> {
  const path = join(await tempDir(), 'catalog.db');
  const catalog = openCatalog({ path, clock: systemClock, logger: silentLogger, ...options });
  onTestFinished(() => catalog.close());
  return { catalog, path };
}

function makeTree(commit: string, files: number): Tree {
  const gitOid = commit.slice(0, 40);
  const entries = Array.from({ length: files }, (_, index) => ({ path: `file ${index}`, size: index, gitOid }));
  return { repo: MODEL, commit, entries, directories: [] };
}

const blob: StoredBlob = {
  ...{ sha256: 'a'.repeat(64), size: 1, gitOid: 'b'.repeat(40), directory: '/data' },
  ...{ usedAt: 1, pinned: false, verifiedAt: 1 },
};

describe('the SQLite catalogue', () => {
  test('drops documents stored longest ago when they exceed the bound, and never stores one that does alone', async () => {
    const { catalog } = await openInTemp({ limits: { documentBytes: 100_000 } });
    const put = (key: string, size: number): void =>
      catalog.putDocument(key, { status: 200, headers: {}, body: new Uint8Array(size), storedAt: 1 });
    put('first', 40_000);
    put('second', 40_000);
    put('first', 40_000);
    put('third', 40_000);
    expect(catalog.document('second')).toBeUndefined();
    expect(catalog.document('first')?.body.length).toBe(40_000);
    expect(catalog.document('third')?.body.length).toBe(40_000);
    put('huge', 100_001);
    expect(catalog.document('huge')).toBeUndefined();
    expect(catalog.document('first')).toBeDefined();
  });

  test('drops trees and rows stored longest ago when they exceed their bounds', async () => {
    const { catalog } = await openInTemp({ limits: { treeBytes: 10_000, rows: 100 } });
    for (let index = 0; index < 9; index++) catalog.putTree(makeTree(String(index).repeat(40), 100));
    expect(catalog.tree(MODEL, '0'.repeat(40))).toBeUndefined();
    expect(catalog.tree(MODEL, '8'.repeat(40))).toEqual(makeTree('8'.repeat(40), 100));
    for (let index = 0; index < 205; index++) {
      catalog.putRef(MODEL, `branch ${index}`, { commit: 'c'.repeat(40), checkedAt: index });
      catalog.putRef(MODEL, 'main', { commit: 'c'.repeat(40), checkedAt: index });
    }
    const known = Array.from({ length: 205 }, (_, index) => catalog.ref(MODEL, `branch ${index}`)).filter(Boolean);
    expect(known.length).toBeGreaterThan(90);
    expect(known.length).toBeLessThan(100);
    expect(catalog.ref(MODEL, 'main')).toBeDefined();
    expect(catalog.ref(MODEL, 'branch 204')).toBeDefined();
  });

  test('refuses a tree with a malformed hash', async () => {
    const { catalog } = await openInTemp();
    for (const gitOid of ['', 'g'.repeat(40), '1'.repeat(39), '1'.repeat(64)]) {
      const bad: Tree = { ...makeTree('1'.repeat(40), 2), directories: [{ path: 'data', gitOid }] };
      expect(() => catalog.putTree(bad)).toThrow(expect.objectContaining({ code: 'UPSTREAM_INVALID' }));
    }
  });

  test('writes uses down every few seconds, not at once', async () => {
    const clock = new ManualClock();
    const { catalog, path } = await openInTemp({ clock });
    catalog.putBlob(blob, []);
    catalog.touchBlob(blob.sha256, 100);
    catalog.touchBlob(blob.sha256, 200);
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    const usedAt = (): unknown => reader.prepare('SELECT used_at FROM blobs').get()?.used_at;
    expect(usedAt()).toBe(1);
    expect(clock.sleepers).toBe(1);
    clock.advance(5000);
    await expect.poll(usedAt).toBe(200);
    catalog.touchBlob(blob.sha256, 300);
    expect(clock.sleepers).toBe(1);
    catalog.close();
    expect(usedAt()).toBe(300);
    catalog.close();
  });

  test('writes counts down every second, not at once', async () => {
    const clock = new ManualClock();
    const { catalog, path } = await openInTemp({ clock });
    catalog.counters.add(MODEL, { requests: 1, bytesToClients: 10 });
    catalog.counters.add(MODEL, { bytesToClients: 20 });
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    const written = (): unknown => reader.prepare('SELECT bytes_to_clients AS bytes FROM counters').get()?.bytes;
    const total = (): unknown => reader.prepare('SELECT bytes_to_clients AS bytes FROM counter_totals').get()?.bytes;
    expect([written(), total()]).toEqual([undefined, 0]);
    expect(clock.sleepers).toBe(1);
    clock.advance(1000);
    await expect.poll(written).toBe(30);
    catalog.counters.add(MODEL, { bytesToClients: 5 });
    catalog.close();
    expect([written(), total()]).toEqual([35, 35]);
    catalog.counters.add(MODEL, { bytesToClients: 1 });
    expect(catalog.counters.totals().bytesToClients).toBe(36);
  });

  test('forgets the repos that nothing was counted for the longest, and keeps them in the totals', async () => {
    const { catalog } = await openInTemp({ limits: { countedRepos: 64 } });
    const repo = (index: number): RepoRef => ({ type: 'models', id: `org/model-${index}` });
    for (let index = 0; index < 100; index++) {
      catalog.counters.add(repo(index), { requests: 1, bytesToClients: 1 });
      catalog.counters.add(repo(0), { requests: 1, bytesToClients: 1 });
      catalog.counters.topRepos(0);
    }
    const kept = catalog.counters.topRepos(1000);
    expect(kept.length).toBeLessThanOrEqual(64);
    expect(kept.length).toBeGreaterThan(55);
    expect(kept[0]).toMatchObject({ repo: repo(0), requests: 101, bytesToClients: 101 });
    expect(kept.some(({ repo: { id } }) => id === 'org/model-1')).toBe(false);
    expect(kept.some(({ repo: { id } }) => id === 'org/model-99')).toBe(true);
    expect(catalog.counters.totals()).toMatchObject({ requests: 200, bytesToClients: 200 });
  });

  test('has blob rows in the file as soon as they are put, for whoever opens a copy of it', async () => {
    const { catalog, path } = await openInTemp();
    catalog.putBlob(blob, [{ kind: 'lfs', sha256: blob.sha256, size: 1 }]);
    const copy = join(await tempDir(), 'catalog.db');
    for (const suffix of ['', '-wal']) await copyFile(path + suffix, copy + suffix);
    const other = openCatalog({ path: copy, clock: systemClock, logger: silentLogger });
    onTestFinished(() => other.close());
    expect(other.findContent({ kind: 'lfs', sha256: blob.sha256, size: 1 })).toEqual(blob);
  });

  test('names the file when it is damaged, foreign or of a newer version', async () => {
    const options = { clock: systemClock, logger: silentLogger };
    const refusal = (path: string): object =>
      expect.objectContaining({ code: 'DATA_DIR_FORMAT', message: expect.stringContaining(path) });

    const noise = join(await tempDir(), 'catalog.db');
    await writeFile(noise, 'x'.repeat(10_000));
    expect(() => openCatalog({ path: noise, ...options })).toThrow(refusal(noise));

    const { catalog, path } = await openInTemp();
    for (let index = 0; index < 500; index++) catalog.putRef(MODEL, `b${index}`, { commit: '1', checkedAt: 1 });
    catalog.close();
    await truncate(path, 8192);
    expect(() => openCatalog({ path, ...options })).toThrow(refusal(path));

    const foreign = join(await tempDir(), 'catalog.db');
    const other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE t (x)');
    other.close();
    expect(() => openCatalog({ path: foreign, ...options })).toThrow(refusal(foreign));

    const newer = await openInTemp();
    newer.catalog.close();
    const database = new DatabaseSync(newer.path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const before = await readFile(newer.path);
    expect(() => openCatalog({ path: newer.path, ...options })).toThrow(/newer modelswarm/);
    expect(await readFile(newer.path)).toEqual(before);
  });
});
