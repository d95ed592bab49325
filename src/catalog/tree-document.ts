import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Commit, Entry, RepoRef, Tree } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';

/*
 * A stored tree: u32le length of the text, the text (zstd of JSON), the hashes (raw). Hashes do not compress, and they
 * are most of a tree: apart from the text they cost neither zstd nor the JSON parser anything. 100,000 files with all
 * hashes are 9 MB.
 */

const LENGTH_BYTES = 4;
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

/** Throws UPSTREAM_INVALID when the tree has a hash that is none. */
export function encodeTree(tree: Tree): Uint8Array {
  const hashes: string[] = [];
  let bytes = 0;
  const take = (hash: string, length: number, path: string): void => {
    if (hash.length !== 2 * length) throw wrongHash(tree, path);
    hashes.push(hash);
    bytes += length;
  };
  const flags = tree.entries.map((entry) => {
    take(entry.gitOid, SHA1_BYTES, entry.path);
    if (entry.sha256 !== undefined) take(entry.sha256, SHA256_BYTES, entry.path);
    if (entry.xetHash !== undefined) take(entry.xetHash, SHA256_BYTES, entry.path);
    return (entry.sha256 === undefined ? 0 : HAS_SHA256) | (entry.xetHash === undefined ? 0 : HAS_XET_HASH);
  });
  for (const directory of tree.directories) take(directory.gitOid, SHA1_BYTES, directory.path);
  // Decoding stops at the first character that is no hex digit.
  const raw = Buffer.from(hashes.join(''), 'hex');
  if (raw.length !== bytes) throw wrongHash(tree, 'one of its files');
  const columns: TreeText = {
    paths: tree.entries.map(({ path }) => path),
    sizes: tree.entries.map(({ size }) => size),
    flags,
    directories: tree.directories.map(({ path }) => path),
  };
  const text = zstdCompressSync(JSON.stringify(columns), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return Buffer.concat([length, text, raw]);
}

function wrongHash({ repo, commit }: Tree, where: string): SwarmError {
  return new SwarmError('UPSTREAM_INVALID', `The tree of ${repo.id} at ${commit} has a malformed hash (${where})`);
}

/**
 * A stored tree, opened. Entries are made when they are asked for: the objects of 100,000 files at once cost the garbage
 * collector three times what reading them does.
 */
export class TreeDocument {
  readonly #repo: RepoRef;
  readonly #commit: Commit;
  readonly #text: TreeText;
  readonly #hashes: Buffer;
  /** Where the hashes of each entry begin; the last one is where those of the directories do. */
  readonly #offsets: Uint32Array;
  #indexes: Map<string, number> | undefined;

  /** Throws INTERNAL when the document is damaged. */
  constructor(repo: RepoRef, commit: Commit, document: Uint8Array) {
    this.#repo = repo;
    this.#commit = commit;
    try {
      const textLength = new DataView(document.buffer, document.byteOffset).getUint32(0, true);
      const textEnd = LENGTH_BYTES + textLength;
      this.#text = JSON.parse(zstdDecompressSync(document.subarray(LENGTH_BYTES, textEnd)).toString()) as TreeText;
      this.#hashes = Buffer.from(document.buffer, document.byteOffset + textEnd, document.byteLength - textEnd);
      this.#offsets = hashOffsets(this.#text.flags);
      const { paths, sizes, flags, directories } = this.#text;
      const hashBytes = (this.#offsets[paths.length] ?? 0) + directories.length * SHA1_BYTES;
      const whole = sizes.length === paths.length && flags.length === paths.length;
      if (!whole || hashBytes !== this.#hashes.length) throw new Error('its columns have different lengths');
    } catch (cause) {
      throw new SwarmError('INTERNAL', `The stored tree of ${repo.id} at ${commit} is damaged`, { cause });
    }
  }

  /** How many files it has. */
  get length(): number {
    return this.#text.paths.length;
  }

  entry(path: string): Entry | undefined {
    this.#indexes ??= new Map(this.#text.paths.map((name, index) => [name, index]));
    const index = this.#indexes.get(path);
    if (index === undefined) return undefined;
    return this.#entryAt(index, (start, end) => this.#hashes.toString('hex', start, end));
  }

  /** The whole tree, made anew by each call. */
  tree(): Tree {
    const { paths, directories } = this.#text;
    const hex = this.#hashes.toString('hex');
    const hash = (start: number, end: number): string => hex.slice(2 * start, 2 * end);
    const first = this.#offsets[paths.length] ?? 0;
    return {
      repo: this.#repo,
      commit: this.#commit,
      entries: paths.map((_, index) => this.#entryAt(index, hash)),
      directories: directories.map((path, index) => {
        const start = first + index * SHA1_BYTES;
        return { path, gitOid: hash(start, start + SHA1_BYTES) };
      }),
    };
  }

  /** `hash` gives a range of the hashes as hex. */
  #entryAt(index: number, hash: (start: number, end: number) => string): Entry {
    const path = this.#text.paths[index] ?? '';
    const flag = this.#text.flags[index] ?? 0;
    let end = this.#offsets[index] ?? 0;
    const next = (length: number): string => {
      end += length;
      return hash(end - length, end);
    };
    const plain = { path, size: this.#text.sizes[index] ?? 0, gitOid: next(SHA1_BYTES) };
    const lfs = (flag & HAS_SHA256) === 0 ? plain : { ...plain, sha256: next(SHA256_BYTES) };
    return (flag & HAS_XET_HASH) === 0 ? lfs : { ...lfs, xetHash: next(SHA256_BYTES) };
  }
}

function hashOffsets(flags: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(flags.length + 1);
  let offset = 0;
  for (const [index, flag] of flags.entries()) {
    offset += SHA1_BYTES;
    if ((flag & HAS_SHA256) !== 0) offset += SHA256_BYTES;
    if ((flag & HAS_XET_HASH) !== 0) offset += SHA256_BYTES;
    offsets[index + 1] = offset;
  }
  return offsets;
}
