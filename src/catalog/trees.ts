import type { DatabaseSync } from 'node:sqlite';
import type { Commit, RepoRef, Tree } from '../contracts/domain.ts';
import { repoKey } from './content-key.ts';
import { bytes } from './row.ts';
import { TableBound } from './table-bound.ts';
import { encodeTree, TreeDocument } from './tree-document.ts';

/** Trees kept open in memory, in files: about 40 MB. The last one stays whatever its size. */
const MOST_OPEN_ENTRIES = 200_000;

/** Whole trees, one immutable document each. */
export interface TreeTable {
  get(repo: RepoRef, commit: Commit): TreeDocument | undefined;
  put(tree: Tree): void;
}

/** `mostBytes` bounds the stored documents: those stored longest ago go first, and a larger one is not stored. */
export function createTreeTable(database: DatabaseSync, mostBytes: number): TreeTable {
  const select = database.prepare('SELECT document FROM trees WHERE repo = ? AND commit_id = ?');
  const insert = database.prepare(
    'INSERT OR REPLACE INTO trees (repo, commit_id, bytes, document) VALUES (?, ?, ?, ?)',
  );
  const bound = new TableBound(database, 'trees', 'bytes', mostBytes);
  /** Least recently used first. */
  const open = new Map<string, TreeDocument>();
  let openEntries = 0;

  function close(key: string): void {
    openEntries -= open.get(key)?.length ?? 0;
    open.delete(key);
  }

  function keepOpen(key: string, tree: TreeDocument): void {
    close(key);
    open.set(key, tree);
    openEntries += tree.length;
    for (const oldest of open.keys()) {
      if (openEntries <= MOST_OPEN_ENTRIES || oldest === key) break;
      close(oldest);
    }
  }

  return {
    get(repo, commit) {
      const key = `${repoKey(repo)}@${commit}`;
      let tree = open.get(key);
      if (!tree) {
        const row = select.get(repoKey(repo), commit);
        if (!row) return undefined;
        tree = new TreeDocument(repo, commit, bytes(row, 'document'));
      }
      keepOpen(key, tree);
      return tree;
    },
    put(tree) {
      const document = encodeTree(tree);
      if (document.length > mostBytes) return;
      insert.run(repoKey(tree.repo), tree.commit, document.length, document);
      bound.added(document.length);
    },
  };
}
