import { commitOid, compareTreeLines, type TreeLine, treeOid } from './git-objects.ts';
import type { RepoFile } from './repo-file.ts';

/** A file or a directory of a commit's tree. */
export type TreeNode =
  | { readonly type: 'file'; readonly path: string; readonly oid: string; readonly file: RepoFile }
  | { readonly type: 'directory'; readonly path: string; readonly oid: string };

/** Everything a repo holds at one commit. */
export interface CommitSnapshot {
  /** Git's id of the commit object. */
  readonly id: string;
  /** Git's id of the root tree. */
  readonly tree: string;
  readonly parent?: string | undefined;
  readonly author: string;
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly message: string;
  readonly files: ReadonlyMap<string, RepoFile>;
  /** All nodes but the root, depth first in git's order, as `git ls-tree -r -t` prints them. */
  readonly nodes: readonly TreeNode[];
}

/** Makes the git tree and commit objects of a set of files. */
export function makeCommit(
  files: ReadonlyMap<string, RepoFile>,
  about: {
    readonly parent?: string | undefined;
    readonly author: string;
    readonly seconds: number;
    readonly message: string;
  },
): CommitSnapshot {
  const root = makeTree([...files.values()], '');
  return { ...about, id: commitOid({ tree: root.oid, ...about }), tree: root.oid, files, nodes: root.nodes };
}

/** The tree of `directory` (`''` or ending in `/`), which is a prefix of the path of each of `files`. */
function makeTree(files: readonly RepoFile[], directory: string): { oid: string; nodes: TreeNode[] } {
  const below = new Map<string, RepoFile[]>();
  const lines: (TreeLine & { readonly nodes: TreeNode[] })[] = [];
  for (const file of files) {
    const [name = '', ...rest] = file.path.slice(directory.length).split('/');
    if (rest.length > 0) {
      const group = below.get(name) ?? [];
      group.push(file);
      below.set(name, group);
    } else {
      const node: TreeNode = { type: 'file', path: file.path, oid: file.gitOid, file };
      lines.push({ name, type: 'file', oid: file.gitOid, nodes: [node] });
    }
  }
  for (const [name, group] of below) {
    const path = directory + name;
    const { oid, nodes } = makeTree(group, `${path}/`);
    lines.push({ name, type: 'directory', oid, nodes: [{ type: 'directory', path, oid }, ...nodes] });
  }
  lines.sort(compareTreeLines);
  return { oid: treeOid(lines), nodes: lines.flatMap((line) => line.nodes) };
}
