import type { DatabaseSync } from 'node:sqlite';
import type { BlobIndex, StoredBlob } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { Logger } from '../contracts/logger.ts';
import { contentKey } from './content-key.ts';
import { transaction } from './database.ts';
import { lossily } from './lossy-writes.ts';
import { createHashRemoval } from './piece-hashes.ts';
import { integer, type Row, text } from './row.ts';

/** Uses are noted in memory and written this often: a hot blob costs no write per request. */
const TOUCH_FLUSH_MS = 5000;
/** ... or when so many blobs were used. */
const MOST_TOUCHED = 10_000;

const COLUMNS = 'blobs.sha256, size, git_oid, directory, used_at, pinned, verified_at';

function toBlob(row: Row): StoredBlob {
  return {
    sha256: text(row, 'sha256'),
    size: integer(row, 'size'),
    gitOid: text(row, 'git_oid'),
    directory: text(row, 'directory'),
    usedAt: integer(row, 'used_at'),
    pinned: integer(row, 'pinned') === 1,
    verifiedAt: integer(row, 'verified_at'),
  };
}

const optional = (row: Row | undefined): StoredBlob | undefined => (row ? toBlob(row) : undefined);

/**
 * The blobs' rows. A row that `putBlob` has written survives a power loss; other changes may be lost with the last
 * seconds before one. `flush` writes what `touchBlob` has noted; it runs by itself until `signal` aborts.
 */
export function createBlobIndex(
  database: DatabaseSync,
  options: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): BlobIndex & { flush(): void } {
  const { clock, logger, signal } = options;
  const byName = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE sha256 = ?`);
  const byContent = database.prepare(
    `SELECT ${COLUMNS} FROM contents JOIN blobs ON blobs.sha256 = contents.sha256 WHERE contents.id = ?`,
  );
  const put = database.prepare(
    `INSERT OR REPLACE INTO blobs (sha256, size, git_oid, directory, used_at, pinned, verified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const linkIfHeld = database.prepare(
    'INSERT OR REPLACE INTO contents (id, sha256) SELECT ?, sha256 FROM blobs WHERE sha256 = ?',
  );
  const touch = database.prepare('UPDATE blobs SET used_at = max(used_at, ?) WHERE sha256 = ?');
  const verify = database.prepare('UPDATE blobs SET verified_at = ? WHERE sha256 = ?');
  const unlink = database.prepare('DELETE FROM contents WHERE sha256 = ?');
  const remove = database.prepare('DELETE FROM blobs WHERE sha256 = ?');
  const removeHashes = createHashRemoval(database);
  const byUse = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE pinned = 0 ORDER BY used_at LIMIT ?`);
  const byVerification = database.prepare(`SELECT ${COLUMNS} FROM blobs ORDER BY verified_at LIMIT ?`);
  const after = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE sha256 > ? ORDER BY sha256 LIMIT ?`);

  const totals = readTotals(database);
  const touched = new Map<string, number>();
  let flushIsDue = false;

  function flush(): void {
    if (touched.size === 0) return;
    lossily(logger, () => {
      transaction(database, () => {
        for (const [sha256, usedAt] of touched) touch.run(usedAt, sha256);
      });
    });
    touched.clear();
  }

  async function flushLater(): Promise<void> {
    await clock.sleep(TOUCH_FLUSH_MS, signal);
    flushIsDue = false;
    flush();
  }

  function count(blob: StoredBlob | undefined, sign: 1 | -1): void {
    if (!blob) return;
    totals.blobs += sign;
    totals.bytes += sign * blob.size;
  }

  return {
    flush,
    blob: (sha256) => optional(byName.get(sha256)),
    findContent: (id) => optional(byContent.get(contentKey(id))),
    putBlob(blob: StoredBlob, ids: readonly ContentId[]) {
      const { sha256, size, gitOid, directory, usedAt, pinned, verifiedAt } = blob;
      const before = optional(byName.get(sha256));
      // A row that a power loss takes is made anew by the next start, which finds the file without one.
      transaction(database, () => {
        put.run(sha256, size, gitOid, directory, usedAt, pinned ? 1 : 0, verifiedAt);
        for (const id of ids) linkIfHeld.run(contentKey(id), sha256);
      });
      count(before, -1);
      count(blob, 1);
    },
    linkContent(sha256, id) {
      lossily(logger, () => linkIfHeld.run(contentKey(id), sha256));
    },
    touchBlob(sha256, usedAt) {
      touched.set(sha256, usedAt);
      if (touched.size >= MOST_TOUCHED) flush();
      if (flushIsDue) return;
      flushIsDue = true;
      flushLater().catch(() => {
        // Closed: `close` has flushed.
      });
    },
    markVerified(sha256, verifiedAt) {
      lossily(logger, () => verify.run(verifiedAt, sha256));
    },
    removeBlob(sha256) {
      const before = optional(byName.get(sha256));
      if (!before) return;
      transaction(database, () => {
        unlink.run(sha256);
        remove.run(sha256);
        removeHashes(sha256);
      });
      touched.delete(sha256);
      count(before, -1);
    },
    leastRecentlyUsed(limit) {
      flush();
      return byUse.all(limit).map(toBlob);
    },
    longestUnverified: (limit) => byVerification.all(limit).map(toBlob),
    blobsAfter: (sha256, limit) => after.all(sha256, limit).map(toBlob),
    totals: () => ({ ...totals }),
  };
}

function readTotals(database: DatabaseSync): { blobs: number; bytes: number } {
  const row = database.prepare('SELECT count(*) AS blobs, coalesce(sum(size), 0) AS bytes FROM blobs').get();
  return row ? { blobs: integer(row, 'blobs'), bytes: integer(row, 'bytes') } : { blobs: 0, bytes: 0 };
}
