import { createHash } from 'node:crypto';
import { bytesContent, type Content, contentSha256 } from './content.ts';
import { blobOid, lfsPointer } from './git-objects.ts';

/**
 * How a test or a generator describes a file: its text or bytes, bytes made on demand, or more exactly.
 * `lfs` overrides the Hub's own rule (binary extensions and files over 10 MB are LFS). `pointer` is an LFS pointer that was
 * pushed without its bytes, as a forger does: the Hub lists it, and its CDN refuses to serve it.
 */
export type FileSource =
  | string
  | Uint8Array
  | Content
  | { readonly content: string | Uint8Array | Content; readonly lfs?: boolean }
  | { readonly pointer: { readonly sha256: string; readonly size: number } };

/** One file of a commit, with the names that git, LFS and Xet give to its bytes. */
export interface RepoFile {
  readonly path: string;
  /** Bytes of the real content. */
  readonly size: number;
  /** Git object id: of the content for a plain file, of the pointer text for an LFS file. */
  readonly gitOid: string;
  /** LFS only. */
  readonly sha256?: string;
  /** LFS only: what git itself holds. */
  readonly pointer?: string;
  /** LFS only: stands in for the merkle hash; the same for the same bytes, and no SHA-256 of them. */
  readonly xetHash?: string;
  /** Absent when a pointer was pushed without its bytes. */
  readonly content?: Content;
}

const TEN_MB = 10_000_000;

// What the Hub's own default .gitattributes sends to LFS, as far as the samples and tests have such files.
const LFS_EXTENSIONS =
  /\.(7z|bin|gguf|gz|h5|msgpack|npy|npz|onnx|onnx_data|ot|parquet|pickle|pkl|pt|pth|safetensors|tar|tgz|wasm|zip|zst)$/;

/**
 * Gives a described file its names. Reads all its bytes, unless it is an LFS file whose SHA-256 is known.
 * @param path root-relative
 */
export function describeFile(path: string, source: FileSource): RepoFile {
  if (typeof source === 'object' && 'pointer' in source) return lfsFile(path, source.pointer, undefined);
  const { content, lfs } = unfold(source);
  const isLfs = lfs ?? (content.size > TEN_MB || LFS_EXTENSIONS.test(path));
  if (!isLfs) return { path, size: content.size, gitOid: blobOid(content), content };
  return lfsFile(path, { sha256: contentSha256(content), size: content.size }, content);
}

function unfold(source: Exclude<FileSource, { pointer: unknown }>): { content: Content; lfs?: boolean } {
  if (typeof source === 'string' || source instanceof Uint8Array) return { content: bytesContent(source) };
  if ('read' in source) return { content: source };
  const { content, ...rest } = source;
  return { ...unfold(content), ...rest };
}

function lfsFile(path: string, target: { sha256: string; size: number }, content: Content | undefined): RepoFile {
  const pointer = lfsPointer(target.sha256, target.size);
  const xetHash = createHash('sha256').update(`xet ${target.sha256}`).digest('hex');
  const names = { path, size: target.size, gitOid: blobOid(bytesContent(pointer)), sha256: target.sha256 };
  return content === undefined ? { ...names, pointer, xetHash } : { ...names, pointer, xetHash, content };
}
