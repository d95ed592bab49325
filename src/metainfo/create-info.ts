import { concat } from '../base/concat.ts';
import { compareBytes } from '../bencode/byte-order.ts';
import { BencodeEntries, type Encodable, encode } from '../bencode/encode.ts';

/** One file of an info dictionary that is to be written. */
export interface InfoFile {
  /** Below the torrent's name; of a single-file torrent its name. */
  readonly path: readonly Uint8Array[];
  readonly length: number;
  /** BEP 47: zero bytes behind it, up to the next piece. */
  readonly padAfter: number;
  /** v2: 32 bytes; empty for a file of no bytes. */
  readonly root: Uint8Array;
  /** v1: its pieces, the last one with the pad behind it. */
  readonly pieces: Uint8Array;
}

export interface InfoContent {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: Uint8Array;
  readonly pieceLength: number;
  readonly singleFile: boolean;
  /** In the order of the v2 file tree, which is that of the v1 list too. */
  readonly files: readonly InfoFile[];
}

/** The info dictionary, byte for byte as libtorrent 2.0.8 writes it. Its hashes are the torrent's names. */
export function createInfo({ version, name, pieceLength, singleFile, files }: InfoContent): Uint8Array<ArrayBuffer> {
  const [only] = files;
  const v1 = singleFile ? { length: only?.length } : { files: files.flatMap(listEntries) };
  return encode({
    name,
    'piece length': pieceLength,
    ...(version === 'v2' ? {} : { ...v1, pieces: concat(files.map((file) => file.pieces)) }),
    ...(version === 'v1' ? {} : { 'meta version': 2, 'file tree': fileTree(files, 0) }),
  });
}

function listEntries({ path, length, padAfter }: InfoFile): Encodable[] {
  const file = { length, path };
  return padAfter === 0 ? [file] : [file, { attr: 'p', length: padAfter, path: ['.pad', String(padAfter)] }];
}

/** The tree of files that share their first `depth` segments; they stand together, since the files are in its order. */
function fileTree(files: readonly InfoFile[], depth: number): BencodeEntries {
  const entries: [Uint8Array, Encodable][] = [];
  for (let start = 0; start < files.length; ) {
    const first = files[start];
    const segment = first?.path[depth];
    if (!first || !segment) break;
    let end = start + 1;
    while (end < files.length && sameSegment(files[end], segment, depth)) end += 1;
    const isFile = first.path.length === depth + 1;
    entries.push([segment, isFile ? { '': leaf(first) } : fileTree(files.slice(start, end), depth + 1)]);
    start = end;
  }
  return new BencodeEntries(entries);
}

function sameSegment(file: InfoFile | undefined, segment: Uint8Array, depth: number): boolean {
  const other = file?.path[depth];
  return other !== undefined && compareBytes(other, segment) === 0;
}

function leaf({ length, root }: InfoFile): Encodable {
  return root.length === 0 ? { length } : { length, 'pieces root': root };
}
