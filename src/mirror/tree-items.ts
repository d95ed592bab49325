import type { Entry, Tree, TreeDirectory } from '../contracts/domain.ts';
import { encodeLfsPointer } from '../hub-format/lfs-pointer.ts';

/** One item of `/tree/` and `/paths-info/`, as the Hub writes it, without what leads to Xet. */
export type TreeItem =
  | { readonly type: 'directory'; readonly oid: string; readonly size: 0; readonly path: string }
  | {
      readonly type: 'file';
      readonly oid: string;
      readonly size: number;
      readonly path: string;
      readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
    };

/** A file as the Hub lists it. */
export function fileItem({ path, size, gitOid, sha256 }: Entry): TreeItem {
  const file = { type: 'file', oid: gitOid, size, path } as const;
  if (sha256 === undefined) return file;
  return { ...file, lfs: { oid: sha256, size, pointerSize: encodeLfsPointer({ sha256, size }).length } };
}

/** A directory as the Hub lists it. */
function directoryItem({ path, gitOid }: TreeDirectory): TreeItem {
  return { type: 'directory', oid: gitOid, size: 0, path };
}

/**
 * What a directory of a tree holds, directories first, each group by path; with everything below it when `recursive`.
 * `path` is '' for the root. Undefined when there is no such directory.
 */
export function listDirectory(tree: Tree, path: string, recursive: boolean): TreeItem[] | undefined {
  if (path !== '' && !tree.directories.some((directory) => directory.path === path)) return undefined;
  const prefix = path === '' ? '' : `${path}/`;
  const isListed = (item: { readonly path: string }): boolean =>
    item.path.startsWith(prefix) && (recursive || !item.path.includes('/', prefix.length));
  return [
    ...tree.directories.filter(isListed).sort(byPath).map(directoryItem),
    ...tree.entries.filter(isListed).sort(byPath).map(fileItem),
  ];
}

/** The items of some paths, in the order of the tree; paths that do not exist are left out. */
export function findItems(tree: Tree, paths: readonly string[]): TreeItem[] {
  const wanted = new Set(paths);
  return [
    ...tree.directories.filter(({ path }) => wanted.has(path)).map(directoryItem),
    ...tree.entries.filter(({ path }) => wanted.has(path)).map(fileItem),
  ];
}

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : Number(a.path > b.path);
