import { platform } from '#platform';
import { compareBytes } from '../bencode/byte-order.ts';
import { decode } from '../bencode/decode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import { badTorrent, DECODE_LIMITS, DEFAULT_LIMITS, type TorrentLimits, tooLarge } from './limits.ts';
import { pathElementProblem } from './path-element.ts';
import type { Torrent, TorrentFile } from './torrent.ts';
import { readV1Files } from './v1-files.ts';
import { readV2Files } from './v2-tree.ts';

const SHA1_BYTES = 20;
const BLOCK = 16 * 1024;
/** 2 GiB: far above what anybody uses, and far below what overflows. */
const LONGEST_PIECE = 2 ** 31;

/** What an info dictionary says. */
export type InfoPart = Pick<
  Torrent,
  | 'version'
  | 'name'
  | 'rawName'
  | 'infoHash'
  | 'infoHashV2'
  | 'info'
  | 'pieceLength'
  | 'isSingleFile'
  | 'files'
  | 'length'
  | 'pieces'
  | 'isPrivate'
>;

/**
 * Reads a bare info dictionary, as peers send it (BEP 9). The hashes are taken over exactly these bytes.
 *
 * @throws SwarmError BAD_TORRENT, TOO_LARGE
 */
export function parseInfo(info: Uint8Array, limits: TorrentLimits = {}): Torrent {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  if (info.length > bounds.infoBytes) throw tooLarge(`has an info dictionary of more than ${bounds.infoBytes} bytes`);
  const part = readInfo(decode(info, DECODE_LIMITS), bounds);
  const needsLayers = part.files.some(({ root, length }) => root && length > part.pieceLength);
  return {
    ...part,
    pieceLayers: new Map(),
    hasAllLayers: !needsLayers,
    trackers: [],
    webSeeds: [],
    httpSeeds: [],
    nodes: [],
  };
}

/** Reads and checks a decoded info dictionary. Throws BAD_TORRENT, TOO_LARGE. */
export function readInfo(info: BencodeNode, limits: Required<TorrentLimits>): InfoPart {
  const metaVersion = info.get('meta version')?.integer();
  // First: nothing else of an unknown version can be relied on.
  if (metaVersion !== undefined && metaVersion !== 2)
    throw badTorrent(`is of version ${metaVersion}, which is not known`);
  const isV2 = metaVersion === 2;
  const rawName = (info.get('name.utf-8') ?? info.get('name'))?.bytes() ?? new Uint8Array(0);
  const problem = pathElementProblem(rawName);
  if (problem) throw badTorrent(`has a name that ${problem}`);
  const pieceLength = readPieceLength(info, isV2);
  const v1 = readV1Files(info, rawName, limits);
  const tree = info.get('file tree');
  if (isV2 && !tree) throw badTorrent('is of version 2 and has no file tree');
  if (!isV2 && !v1) throw badTorrent('has neither files nor a length');
  const v2Files = isV2 && tree ? readV2Files(tree, pieceLength, limits) : undefined;
  const files = v1 && v2Files ? joinSides(v1.files, v2Files, pieceLength) : (v1?.files ?? v2Files ?? []);
  const pieces = v1 ? readPieces(info, v1.files, pieceLength) : undefined;
  refuseTooMany(files, pieceLength, limits);
  const length = files.reduce((sum, file) => sum + (file.isPad ? 0 : file.length), 0);
  if (length === 0) throw badTorrent('has no bytes');
  return {
    version: v1 ? (isV2 ? 'hybrid' : 'v1') : 'v2',
    name: new TextDecoder().decode(rawName),
    rawName,
    info: info.raw,
    ...(v1 ? { infoHash: platform.digest('SHA-1', info.raw) } : {}),
    ...(isV2 ? { infoHashV2: platform.digest('SHA-256', info.raw) } : {}),
    pieceLength,
    isSingleFile: v1?.isSingleFile ?? isNamedAfter(files, rawName),
    files,
    length,
    ...(pieces ? { pieces } : {}),
    isPrivate: info.get('private')?.kind === 'integer' && info.get('private')?.integer() === 1,
  };
}

function readPieceLength(info: BencodeNode, isV2: boolean): number {
  const length = info.get('piece length')?.integer() ?? 0;
  if (length <= 0 || length > LONGEST_PIECE) throw badTorrent('has no usable piece length');
  const isPower = Number.isInteger(Math.log2(length));
  if (isV2 && (length < BLOCK || !isPower))
    throw badTorrent('has a piece length that is no power of two from 16 KiB on');
  return length;
}

function readPieces(info: BencodeNode, files: readonly TorrentFile[], pieceLength: number): Uint8Array {
  // Without them the v1 hash of the torrent would name bytes that nobody can check.
  const pieces = info.get('pieces')?.bytes();
  if (!pieces) throw badTorrent('has no pieces');
  const last = files.at(-1);
  const count = Math.ceil(((last?.offset ?? 0) + (last?.length ?? 0)) / pieceLength);
  if (pieces.length !== count * SHA1_BYTES)
    throw badTorrent(`has ${pieces.length / SHA1_BYTES} piece hashes and ${count} pieces`);
  return pieces;
}

/** A hybrid's two sides must describe the same bytes, or its two swarms would poison each other. */
function joinSides(v1: readonly TorrentFile[], v2: readonly TorrentFile[], pieceLength: number): TorrentFile[] {
  const real = v1.filter(({ isPad }) => !isPad);
  if (real.length !== v2.length) throw badTorrent('has other files for v1 than for v2');
  let index = 0;
  return v1.map((file) => {
    if (file.isPad) return file;
    const twin = v2[index++];
    const isSame = twin && twin.length === file.length && samePath(twin.rawPath, file.rawPath);
    if (!isSame) throw badTorrent(`has another file for v1 than for v2: ${file.path.slice(0, 200)}`);
    if (file.length > 0 && file.offset % pieceLength !== 0)
      throw badTorrent(`has a file that does not begin with a piece: ${file.path.slice(0, 200)}`);
    return twin.root ? { ...file, root: twin.root } : file;
  });
}

function samePath(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return (
    one.length === other.length &&
    one.every((element, at) => compareBytes(element, other[at] ?? new Uint8Array(0)) === 0)
  );
}

function refuseTooMany(files: readonly TorrentFile[], pieceLength: number, limits: Required<TorrentLimits>): void {
  const last = files.at(-1);
  const count = Math.ceil(((last?.offset ?? 0) + (last?.length ?? 0)) / pieceLength);
  if (count > limits.pieces) throw tooLarge(`has more than ${limits.pieces} pieces`);
}

/** A v2 torrent of a single file has one entry, with the torrent's name. */
function isNamedAfter(files: readonly TorrentFile[], name: Uint8Array): boolean {
  const [only] = files;
  return files.length === 1 && only?.rawPath.length === 1 && compareBytes(only.rawPath[0] ?? name, name) === 0;
}
