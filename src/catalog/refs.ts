import type { DatabaseSync } from 'node:sqlite';
import type { RefStore, StoredRepo } from '../contracts/catalog.ts';
import type { Entry, RepoRef, RepoType } from '../contracts/domain.ts';
import { repoKey } from './content-key.ts';
import { integer, type Row, text } from './row.ts';
import { TableBound } from './table-bound.ts';
import { createTreeTable } from './trees.ts';

function toEntry(row: Row): Entry {
  const entry = { path: text(row, 'path'), size: integer(row, 'size'), gitOid: text(row, 'git_oid') };
  const sha256 = row.sha256 === null ? {} : { sha256: text(row, 'sha256') };
  const xetHash = row.xet_hash === null ? {} : { xetHash: text(row, 'xet_hash') };
  return { ...entry, ...sha256, ...xetHash };
}

function toLicenses(row: Row): StoredRepo['licenses'] {
  return row.licenses === null ? undefined : (JSON.parse(text(row, 'licenses')) as StoredRepo['licenses']);
}

/** Repos, names, refs, trees and entries. `mostRows` bounds each of the tables, `mostTreeBytes` the stored trees. */
export function createRefStore(
  database: DatabaseSync,
  { mostRows, mostTreeBytes }: { readonly mostRows: number; readonly mostTreeBytes: number },
): RefStore {
  const getRepo = database.prepare('SELECT access, checked_at, licenses FROM repos WHERE repo = ?');
  const putRepo = database.prepare(
    'INSERT OR REPLACE INTO repos (repo, access, checked_at, licenses) VALUES (?, ?, ?, ?)',
  );
  const getCanonical = database.prepare('SELECT type, id FROM canonical_names WHERE alias = ?');
  const putCanonical = database.prepare('INSERT OR REPLACE INTO canonical_names (alias, type, id) VALUES (?, ?, ?)');
  const getRef = database.prepare('SELECT commit_id, checked_at FROM refs WHERE repo = ? AND revision = ?');
  const putRef = database.prepare(
    'INSERT OR REPLACE INTO refs (repo, revision, commit_id, checked_at) VALUES (?, ?, ?, ?)',
  );
  const getEntry = database.prepare('SELECT * FROM entries WHERE repo = ? AND commit_id = ? AND path = ?');
  const putEntry = database.prepare(
    `INSERT OR REPLACE INTO entries (repo, commit_id, path, size, git_oid, sha256, xet_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const dropEntries = database.prepare('DELETE FROM entries WHERE repo = ? AND commit_id = ?');
  const getServable = database.prepare('SELECT 1 FROM servable WHERE repo = ? AND sha256 = ?');
  const putServable = database.prepare('INSERT OR REPLACE INTO servable (repo, sha256) VALUES (?, ?)');

  const bound = (table: string): TableBound => new TableBound(database, table, 'rows', mostRows);
  const bounds = {
    repos: bound('repos'),
    names: bound('canonical_names'),
    refs: bound('refs'),
    entries: bound('entries'),
    servable: bound('servable'),
  };
  const trees = createTreeTable(database, mostTreeBytes);

  return {
    repo(repo) {
      const row = getRepo.get(repoKey(repo));
      if (!row) return undefined;
      // Anything but a clear "public" is treated as restricted.
      const access = text(row, 'access') === 'public' ? 'public' : 'restricted';
      return { access, checkedAt: integer(row, 'checked_at'), licenses: toLicenses(row) };
    },
    putRepo(repo, { access, checkedAt, licenses }) {
      putRepo.run(repoKey(repo), access, checkedAt, licenses === undefined ? null : JSON.stringify(licenses));
      bounds.repos.added(1);
    },
    canonical(repo): RepoRef | undefined {
      const row = getCanonical.get(repoKey(repo));
      return row && { type: text(row, 'type') as RepoType, id: text(row, 'id') };
    },
    putCanonical(alias, { type, id }) {
      putCanonical.run(repoKey(alias), type, id);
      bounds.names.added(1);
    },
    ref(repo, revision) {
      const row = getRef.get(repoKey(repo), revision);
      return row && { commit: text(row, 'commit_id'), checkedAt: integer(row, 'checked_at') };
    },
    putRef(repo, revision, { commit, checkedAt }) {
      putRef.run(repoKey(repo), revision, commit, checkedAt);
      bounds.refs.added(1);
    },
    tree: (repo, commit) => trees.get(repo, commit)?.tree(),
    putTree(tree) {
      trees.put(tree);
      dropEntries.run(repoKey(tree.repo), tree.commit);
    },
    entry(repo, commit, path) {
      const tree = trees.get(repo, commit);
      if (tree) return tree.entry(path);
      const row = getEntry.get(repoKey(repo), commit, path);
      return row && toEntry(row);
    },
    putEntry(repo, commit, { path, size, gitOid, sha256, xetHash }) {
      putEntry.run(repoKey(repo), commit, path, size, gitOid, sha256 ?? null, xetHash ?? null);
      bounds.entries.added(1);
    },
    servable: (repo, sha256) => getServable.get(repoKey(repo), sha256) !== undefined,
    putServable(repo, sha256) {
      putServable.run(repoKey(repo), sha256);
      bounds.servable.added(1);
    },
  };
}
