import { createHash } from 'node:crypto';
import { bytesContent, type Content, contentChunks } from './content.ts';

/** One line of a git tree object. */
export interface TreeLine {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly oid: string;
}

/** What a git commit object says. */
export interface CommitText {
  readonly tree: string;
  readonly parent?: string | undefined;
  readonly author: string;
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly message: string;
}

/** Git's object id (40 hex) of a blob: `sha1("blob " + size + "\0" + bytes)`. */
export const blobOid = (content: Content): string => objectOid('blob', content);

/** Order of the lines in a git tree object: by bytes, as if the name of a directory ended with `/`. */
export function compareTreeLines(a: TreeLine, b: TreeLine): number {
  return Buffer.compare(Buffer.from(sortName(a)), Buffer.from(sortName(b)));
}

/** The bytes of a git tree object. `lines` must be in git's order. */
function treeBytes(lines: readonly TreeLine[]): Uint8Array {
  const parts = lines.flatMap((line) => [
    Buffer.from(`${line.type === 'directory' ? '40000' : '100644'} ${line.name}\0`),
    Buffer.from(line.oid, 'hex'),
  ]);
  return Uint8Array.from(Buffer.concat(parts));
}

/** Git's object id (40 hex) of a tree. `lines` must be in git's order. */
export const treeOid = (lines: readonly TreeLine[]): string => objectOid('tree', bytesContent(treeBytes(lines)));

/** The bytes of a git commit object, all times in UTC. */
function commitBytes(commit: CommitText): Uint8Array {
  const who = `${commit.author} <${commit.author}@sample.invalid> ${commit.seconds} +0000`;
  const parent = commit.parent === undefined ? '' : `parent ${commit.parent}\n`;
  const text = `tree ${commit.tree}\n${parent}author ${who}\ncommitter ${who}\n\n${commit.message}\n`;
  return new TextEncoder().encode(text);
}

/** Git's object id (40 hex) of a commit. */
export const commitOid = (commit: CommitText): string => objectOid('commit', bytesContent(commitBytes(commit)));

/** The text that git holds in place of an LFS file (git-lfs pointer specification v1). */
export function lfsPointer(sha256: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
}

function objectOid(type: 'blob' | 'tree' | 'commit', content: Content): string {
  const hash = createHash('sha1').update(`${type} ${content.size}\0`);
  for (const chunk of contentChunks(content)) hash.update(chunk);
  return hash.digest('hex');
}

function sortName(line: TreeLine): string {
  return line.type === 'directory' ? `${line.name}/` : line.name;
}
