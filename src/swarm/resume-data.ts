import { Bitfield } from '../base/bitfield.ts';
import { sameBytes } from '../base/same-bytes.ts';
import { decode } from '../bencode/decode.ts';
import { encode } from '../bencode/encode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import type { PieceMap } from './piece-map.ts';

/** Goes up when older data cannot be read any more. */
const FORMAT = 1;

/** What of a torrent was verified and stored, and how its files stood then. */
export interface ResumeData {
  readonly pieces: Bitfield;
  /** By place in the torrent; undefined: it was not there. */
  readonly files: readonly (FileMark | undefined)[];
  /** Bytes sent to peers, ever. */
  readonly uploaded: number;
  /** Bytes received, ever. */
  readonly downloaded: number;
}

/** By these it is seen that nobody has changed a file. */
export interface FileMark {
  readonly length: number;
  readonly version: string;
}

/** How the files of a torrent stand. Files without bytes of their own are left out. */
export async function markFiles(map: PieceMap, storage: TorrentStorage): Promise<(FileMark | undefined)[]> {
  const marks: (FileMark | undefined)[] = [];
  for (const [file, { length, isPad, symlink }] of map.files.entries()) {
    const hasBytes = length > 0 && !isPad && symlink === undefined;
    const state = hasBytes ? await storage.state(file) : undefined;
    marks.push(state && { length: state.length, version: state.version });
  }
  return marks;
}

/** The bytes that are kept; `infoHash` is any hash of the torrent. */
export function encodeResumeData(
  { pieces, files, uploaded, downloaded }: ResumeData,
  infoHash: Uint8Array,
): Uint8Array {
  return encode({
    format: FORMAT,
    'info-hash': infoHash,
    pieces: pieces.bytes,
    files: files.map((mark) => (mark ? [mark.length, mark.version] : [])),
    uploaded,
    downloaded,
  });
}

/** Reads what was kept; undefined when it is of another torrent, or damaged. */
export function decodeResumeData(bytes: Uint8Array, infoHash: Uint8Array, map: PieceMap): ResumeData | undefined {
  try {
    const root = decode(bytes);
    const isRight = numberOf(root.get('format')) === FORMAT && sameBytes(root.get('info-hash')?.bytes(), infoHash);
    const pieces = Bitfield.from(root.get('pieces')?.bytes() ?? new Uint8Array(0), map.pieceCount);
    const files = [...(root.get('files')?.items() ?? [])].map(readMark);
    if (!isRight || !pieces || files.length !== map.files.length) return undefined;
    const { uploaded, downloaded } = {
      uploaded: numberOf(root.get('uploaded')),
      downloaded: numberOf(root.get('downloaded')),
    };
    return { pieces, files, uploaded: uploaded ?? 0, downloaded: downloaded ?? 0 };
  } catch {
    return undefined;
  }
}

/** The pieces whose files look as they did, and those that were there and are doubted: one of their files was changed since. */
export function trustedPieces(
  data: ResumeData,
  now: readonly (FileMark | undefined)[],
  map: PieceMap,
): { readonly trusted: Bitfield; readonly doubted: readonly number[] } {
  const trusted = new Bitfield(map.pieceCount);
  const doubted: number[] = [];
  const isSame = data.files.map(
    (mark, file) => mark?.version === now[file]?.version && mark?.length === now[file]?.length,
  );
  for (let piece = 0; piece < map.pieceCount; piece++) {
    const slices = map.slices(piece);
    if (!slices.every(({ file }) => isSame[file])) doubted.push(piece);
    else if (data.pieces.has(piece)) trusted.add(piece);
  }
  return { trusted, doubted };
}

function readMark(node: BencodeNode): FileMark | undefined {
  const [length, version] = [...node.items()];
  if (!length || !version) return undefined;
  return { length: numberOf(length) ?? -1, version: version.text() };
}

function numberOf(node: BencodeNode | undefined): number | undefined {
  return node?.kind === 'integer' ? Number(node.bigint()) : undefined;
}
