import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { isSha1, isSha256 } from '../base/hex.ts';
import type { Entry, RepoRef, Tree, TreeDirectory } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';

/*
 * A stored tree: u32le length of the text, the text (zstd of JSON), the hashes (raw). Hashes do not compress, and they
 * are most of a tree: apart from the text they cost neither zstd nor the JSON parser anything. 100,000 entries decode
 * in about 60 ms this way, and in 160 ms as one JSON document.
 */

const SHA1_BYTES = 20;
const SHA256_BYTES = 32;
const HAS_SHA256 = 1;
const HAS_XET_HASH = 2;

/** Columns: one string, number or flag per entry. */
interface TreeText {
  readonly paths: readonly string[];
  readonly sizes: readonly number[];
  /** HAS_SHA256 | HAS_XET_HASH */
  readonly flags: readonly number[];
  readonly directories: readonly string[];
}

/** Throws UPSTREAM_INVALID when an entry has a hash that is none. */
export function encodeTree(tree: Tree): Uint8Array {
  const hashes: string[] = [];
  const take = (hash: string, isHash: (value: unknown) => boolean, path: string): void => {
    if (!isHash(hash)) throw new SwarmError('UPSTREAM_INVALID', `${tree.repo.id}/${path} has a hash that is none`);
    hashes.push(hash);
  };
  const flags = tree.entries.map((entry) => {
    take(entry.gitOid, isSha1, entry.path);
    if (entry.sha256 !== undefined) take(entry.sha256, isSha256, entry.path);
    if (entry.xetHash !== undefined) take(entry.xetHash, isSha256, entry.path);
    return (entry.sha256 === undefined ? 0 : HAS_SHA256) | (entry.xetHash === undefined ? 0 : HAS_XET_HASH);
  });
  for (const directory of tree.directories) take(directory.gitOid, isSha1, directory.path);
  const columns: TreeText = {
    paths: tree.entries.map(({ path }) => path),
    sizes: tree.entries.map(({ size }) => size),
    flags,
    directories: tree.directories.map(({ path }) => path),
  };
  const text = zstdCompressSync(JSON.stringify(columns));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return Buffer.concat([length, text, Buffer.from(hashes.join(''), 'hex')]);
}

/** The inverse of `encodeTree`. Throws INTERNAL when the document is damaged. */
export function decodeTree(repo: RepoRef, commit: string, document: Uint8Array): Tree {
  try {
    const textLength = new DataView(document.buffer, document.byteOffset).getUint32(0, true);
    const text = zstdDecompressSync(document.subarray(4, 4 + textLength));
    const columns = JSON.parse(text.toString()) as TreeText;
    const rest = document.subarray(4 + textLength);
    const hex = Buffer.from(rest.buffer, rest.byteOffset, rest.length).toString('hex');
    return { repo, commit, ...readColumns(columns, hex) };
  } catch (cause) {
    throw new SwarmError('INTERNAL', `The stored tree of ${repo.id} at ${commit} is damaged`, { cause });
  }
}

function readColumns(
  { paths, sizes, flags, directories }: TreeText,
  hex: string,
): { entries: Entry[]; directories: TreeDirectory[] } {
  let position = 0;
  const next = (bytes: number): string => {
    const hash = hex.slice(position, position + 2 * bytes);
    position += 2 * bytes;
    return hash;
  };
  const entries = paths.map((path, index): Entry => {
    const flag = flags[index] ?? 0;
    const plain = { path, size: sizes[index] ?? 0, gitOid: next(SHA1_BYTES) };
    const lfs = (flag & HAS_SHA256) === 0 ? plain : { ...plain, sha256: next(SHA256_BYTES) };
    return (flag & HAS_XET_HASH) === 0 ? lfs : { ...lfs, xetHash: next(SHA256_BYTES) };
  });
  const folders = directories.map((path): TreeDirectory => ({ path, gitOid: next(SHA1_BYTES) }));
  if (position !== hex.length) throw new Error(`${hex.length} hex digits of hashes, ${position} expected`);
  return { entries, directories: folders };
}
