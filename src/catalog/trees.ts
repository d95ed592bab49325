import type { DatabaseSync } from 'node:sqlite';
import type { Commit, Entry, RepoRef, Tree } from '../contracts/domain.ts';
import { repoKey } from './content-key.ts';
import { bytes } from './row.ts';
import { TableBound } from './table-bound.ts';
import { decodeTree, encodeTree } from './tree-document.ts';

/** Decoded trees in memory, in entries: about 40 MB. The last one stays whatever its size. */
const MOST_DECODED_ENTRIES = 100_000;

interface DecodedTree {
  readonly tree: Tree;
  readonly byPath: ReadonlyMap<string, Entry>;
}

/** Whole trees, one immutable document each. */
export interface TreeTable {
  get(repo: RepoRef, commit: Commit): DecodedTree | undefined;
  put(tree: Tree): void;
}

/** `mostBytes` bounds the stored documents; those stored longest ago go first. */
export function createTreeTable(database: DatabaseSync, mostBytes: number): TreeTable {
  const select = database.prepare('SELECT document FROM trees WHERE repo = ? AND commit_id = ?');
  const insert = database.prepare(
    'INSERT OR REPLACE INTO trees (repo, commit_id, bytes, document) VALUES (?, ?, ?, ?)',
  );
  const bound = new TableBound(database, 'trees', 'bytes', mostBytes);
  /** Least recently used first. */
  const decoded = new Map<string, DecodedTree>();
  let decodedEntries = 0;

  function remember(key: string, tree: Tree): DecodedTree {
    forget(key);
    const entry = { tree, byPath: new Map(tree.entries.map((item) => [item.path, item])) };
    decoded.set(key, entry);
    decodedEntries += tree.entries.length;
    for (const oldest of decoded.keys()) {
      if (decodedEntries <= MOST_DECODED_ENTRIES || oldest === key) break;
      forget(oldest);
    }
    return entry;
  }

  function forget(key: string): void {
    decodedEntries -= decoded.get(key)?.tree.entries.length ?? 0;
    decoded.delete(key);
  }

  return {
    get(repo, commit) {
      const key = `${repoKey(repo)}@${commit}`;
      const known = decoded.get(key);
      if (known) {
        decoded.delete(key);
        decoded.set(key, known);
        return known;
      }
      const row = select.get(repoKey(repo), commit);
      return row && remember(key, decodeTree(repo, commit, bytes(row, 'document')));
    },
    put(tree) {
      const document = encodeTree(tree);
      remember(`${repoKey(tree.repo)}@${tree.commit}`, tree);
      if (document.length > mostBytes) return;
      insert.run(repoKey(tree.repo), tree.commit, document.length, document);
      bound.added(document.length);
    },
  };
}
