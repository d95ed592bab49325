import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tree } from '../contracts/domain.ts';
import { parseTreePage } from '../hub-format/tree-page.ts';
import { findItems, listDirectory } from './tree-items.ts';

const oid = 'a'.repeat(40);

/** A tree with these files and all their directories. */
function treeOf(paths: readonly string[]): Tree {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
      directories.add(path.slice(0, slash));
  }
  return {
    repo: { type: 'models', id: 'a/b' },
    commit: oid,
    entries: paths.map((path, index) => ({
      path,
      size: index,
      gitOid: oid,
      ...(index % 2 ? { sha256: 'b'.repeat(64) } : {}),
    })),
    directories: [...directories].map((path) => ({ path, gitOid: oid })),
  };
}

const name = fc.stringMatching(/^[a-z]{1,2}$/);
const anyTree = fc
  .uniqueArray(
    fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
    { maxLength: 15 },
  )
  .map((paths) => treeOf(paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)))));

test('what is listed reads back as the tree it came from', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const { entries, directories } = parseTreePage(JSON.parse(JSON.stringify(listDirectory(tree, '', true))), 'a/b');
      const byPath = (one: { path: string }, other: { path: string }) => (one.path < other.path ? -1 : 1);
      expect(entries).toEqual([...tree.entries].sort(byPath));
      expect(directories).toEqual([...tree.directories].sort(byPath));
    }),
  );
});

test('walking directory by directory finds what the recursive listing has', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const walk = (path: string): string[] =>
        (listDirectory(tree, path, false) ?? []).flatMap((item) =>
          item.type === 'directory' ? [item.path, ...walk(item.path)] : [item.path],
        );
      const all = (listDirectory(tree, '', true) ?? []).map(({ path }) => path);
      expect(walk('').sort()).toEqual(all.sort());
    }),
  );
});

test('only what exists is found', () => {
  const tree = treeOf(['a/b.txt', 'c.txt']);
  expect(findItems(tree, ['c.txt', 'a', 'a/b', '']).map(({ path }) => path)).toEqual(['a', 'c.txt']);
  expect(listDirectory(tree, 'a/b.txt', false)).toBeUndefined();
});
