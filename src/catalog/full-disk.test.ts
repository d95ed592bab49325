import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import type { StoredBlob } from '../contracts/catalog.ts';
import type { RepoRef } from '../contracts/domain.ts';
import { createBlobIndex } from './blob-index.ts';
import { createCounters } from './counters.ts';
import { openDatabase } from './database.ts';
import { createDocumentStore } from './documents.ts';
import { withLossyWrites } from './lossy-writes.ts';
import { createPieceHashStore } from './piece-hashes.ts';
import { createRefStore } from './refs.ts';

const MODEL: RepoRef = { type: 'models', id: 'org/model' };

const blob = (index: number): StoredBlob => ({
  ...{ sha256: String(index).padStart(64, '0'), size: 1, gitOid: 'b'.repeat(40), directory: '/data' },
  ...{ usedAt: 1, pinned: false, verifiedAt: 1 },
});

/** A catalogue's parts on a database that may not grow: for SQLite that is a full disk. */
async function openFull(): Promise<{
  database: DatabaseSync;
  index: ReturnType<typeof createBlobIndex>;
  refs: ReturnType<typeof withLossyWrites>;
  logger: ReturnType<typeof recordingLogger>;
}> {
  const database = openDatabase(join(await tempDir(), 'catalog.db'));
  onTestFinished(() => database.close());
  const logger = recordingLogger();
  const index = createBlobIndex(database, { clock: new ManualClock(), logger, signal: new AbortController().signal });
  const refs = createRefStore(database, { mostRows: 1000, mostTreeBytes: 1e6 });
  const documents = createDocumentStore(database, 1e6);
  const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  return { database, index, refs: withLossyWrites({ ...refs, ...documents }, logger), logger };
}

test('on a full disk the row of a blob is refused with DISK_FULL, and nothing of it stays', async () => {
  const { index } = await openFull();
  let put = 0;
  const fill = (): void => {
    for (; put < 10_000; put++) index.putBlob(blob(put), [{ kind: 'lfs', sha256: blob(put).sha256, size: 1 }]);
  };
  expect(fill).toThrow(expect.objectContaining({ code: 'DISK_FULL', message: expect.stringContaining('catalog.db') }));
  expect(index.totals()).toEqual({ blobs: put, bytes: put });
  expect(index.blob(blob(put).sha256)).toBeUndefined();
  expect(index.blob(blob(0).sha256)).toEqual(blob(0));
  index.removeBlob(blob(0).sha256);
  expect(index.totals().blobs).toBe(put - 1);
});

test('on a full disk what the Hub said is not remembered, with a warning, and is still answered where it was', async () => {
  const { refs, logger } = await openFull();
  refs.putRef(MODEL, 'main', { commit: 'c'.repeat(40), checkedAt: 1 });
  for (let index = 0; index < 200; index++) {
    refs.putDocument(`key ${index}`, { status: 200, headers: {}, body: new Uint8Array(4000), storedAt: 1 });
  }
  expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
  expect(refs.ref(MODEL, 'main')).toEqual({ commit: 'c'.repeat(40), checkedAt: 1 });
  expect(refs.document('key 199')).toBeUndefined();
});

test('on a full disk piece hashes and counts are not remembered, and the totals go on', async () => {
  const { database, logger } = await openFull();
  const hashes = createPieceHashStore(database, logger);
  const merkle = { root: new Uint8Array(32), nodes: new Uint8Array(100_000) };
  hashes.putHashes('a'.repeat(64), { merkle, pieces: [] });
  expect(hashes.merkleHashes('a'.repeat(64))).toBeUndefined();
  expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
  const { signal } = new AbortController();
  const counters = createCounters(database, { clock: new ManualClock(), logger, signal, mostRepos: 10_000 });
  for (let index = 0; index < 5000; index++) {
    counters.add({ type: 'models', id: `org/${'x'.repeat(80)}-${index}` }, { requests: 1 });
  }
  expect(counters.topRepos(10)).toEqual([]);
  expect(counters.totals().requests).toBe(5000);
  counters.add(MODEL, { requests: 1 });
  expect(counters.topRepos(10)).toMatchObject([{ repo: MODEL, requests: 1 }]);
  const written = database.prepare('SELECT requests FROM counter_totals').get();
  expect(written?.requests).toBe(5001);
});

test('a database whose writes fail for another reason says so', async () => {
  const { database, refs } = await openFull();
  database.exec('DROP TABLE refs');
  expect(() => refs.putRef(MODEL, 'main', { commit: 'c'.repeat(40), checkedAt: 1 })).toThrow(/no such table/);
});
