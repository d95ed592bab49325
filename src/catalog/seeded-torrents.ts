import type { DatabaseSync } from 'node:sqlite';
import type { RepoType } from '../contracts/domain.ts';
import type { Logger } from '../contracts/logger.ts';
import type { SeededTorrent, SeededTorrents } from '../contracts/seeded-torrents.ts';
import { lossily } from './lossy-writes.ts';
import { bytes, integer, text } from './row.ts';

type Row = Parameters<typeof text>[0];

/** The torrents that peers may ask for. On a full disk new ones are not remembered; they are found again when they are asked for. */
export function createSeededTorrents(database: DatabaseSync, logger: Logger): SeededTorrents {
  const columns = 'info_hash, repo, commit_id, path, variant, made_at';
  const byHash = database.prepare(`SELECT ${columns} FROM torrents WHERE info_hash = ?`);
  const byKey = database.prepare(`SELECT ${columns} FROM torrents WHERE lookup_key = ?`);
  const insert = database.prepare(
    `INSERT OR IGNORE INTO torrents (info_hash, lookup_key, repo, commit_id, path, variant, made_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare('DELETE FROM torrents WHERE info_hash = ?');
  const count = database.prepare('SELECT count(*) AS count FROM torrents');
  const after = database.prepare(`SELECT ${columns} FROM torrents WHERE info_hash > ? ORDER BY info_hash LIMIT ?`);
  const newest = database.prepare(
    `SELECT ${columns} FROM torrents WHERE (path = '') = ? ORDER BY made_at DESC LIMIT ?`,
  );
  return {
    find: (infoHash) => read(byHash.get(infoHash)),
    findByLookupKey: (key) => read(byKey.get(key)),
    put: ({ infoHash, repo, commit, path, variant, madeAt }, lookupKey) =>
      lossily(logger, () => insert.run(infoHash, lookupKey, `${repo.type}/${repo.id}`, commit, path, variant, madeAt)),
    remove: (infoHash) => lossily(logger, () => remove.run(infoHash)),
    count: () => Number(count.get()?.count ?? 0),
    newest: (kind, limit) => newest.all(kind === 'repo' ? 1 : 0, limit).flatMap((row) => read(row) ?? []),
    after: (infoHash, limit) => after.all(infoHash, limit).flatMap((row) => read(row) ?? []),
  };
}

function read(row: Row | undefined): SeededTorrent | undefined {
  if (!row) return undefined;
  const name = text(row, 'repo');
  const slash = name.indexOf('/');
  return {
    infoHash: bytes(row, 'info_hash'),
    repo: { type: name.slice(0, slash) as RepoType, id: name.slice(slash + 1) },
    commit: text(row, 'commit_id'),
    path: text(row, 'path'),
    variant: text(row, 'variant') as SeededTorrent['variant'],
    madeAt: integer(row, 'made_at'),
  };
}
