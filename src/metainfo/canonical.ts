import { platform } from '#platform';
import { concat } from '../base/concat.ts';
import { toHex } from '../base/hex.ts';
import { compareBytes } from '../bencode/byte-order.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { SwarmError } from '../errors.ts';
import { createInfo, type InfoFile } from './create-info.ts';
import { layerOf } from './merkle.ts';
import { pathElementProblem } from './path-element.ts';

/** Of docs/canonical-torrent.md. */
export const CANONICAL_VERSION = 1;

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
/** Beyond these a repo's torrent is v2 only: clients choke on longer lists, and nobody wants more zeros than that. */
const MOST_HYBRID_FILES = 20_000;
const ALWAYS_FINE_PADS = 256 * MIB;
const MOST_PAD_SHARE = 0.25;
/** What libtorrent loads (`load_torrent_limits`), less 64 KiB for trackers, web seeds and provenance. */
const MOST_TORRENT_BYTES = 10_000_000 - 64 * 1024;

/** `default`: hybrid where possible. `v1` and `v2`: the same files for clients that know only that. */
export type Variant = 'default' | 'v1' | 'v2';

/** A file that is to be in a torrent of a repo. */
export interface CanonicalFile {
  /** `/`-joined; bytes where a name is not UTF-8. */
  readonly path: string | Uint8Array;
  readonly length: number;
}

/** One file in its place in a torrent. */
export interface LaidOutFile {
  /** Its place in the list that the layout was planned from. */
  readonly index: number;
  readonly path: readonly Uint8Array[];
  readonly length: number;
  /** Zero bytes behind it. */
  readonly padAfter: number;
}

/** Everything about a torrent but its hashes. */
export interface CanonicalLayout {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: Uint8Array;
  readonly pieceLength: number;
  readonly singleFile: boolean;
  /** In the torrent's order. */
  readonly files: readonly LaidOutFile[];
  /** Bytes without pads. */
  readonly length: number;
  readonly padBytes: number;
}

/** A torrent's info dictionary, and what goes beside it. */
export interface SealedTorrent {
  readonly layout: CanonicalLayout;
  readonly info: Uint8Array<ArrayBuffer>;
  /** By root, hex. Undefined for v1. */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array> | undefined;
  /** Undefined for v2 only. */
  readonly infoHash: Uint8Array | undefined;
  /** Undefined for v1 only. */
  readonly infoHashV2: Uint8Array | undefined;
}

/** Bytes per piece of a torrent of so many bytes, pads not counted. */
export function canonicalPieceLength(bytes: number): number {
  if (bytes <= GIB) return MIB;
  if (bytes <= 512 * GIB) return 4 * MIB;
  return bytes <= 2 * TIB ? 16 * MIB : 64 * MIB;
}

/** The layout of a torrent of one file. Throws BAD_TORRENT for a file of no bytes (there is nothing to share) or a name that cannot be. */
export function planFileTorrent(
  name: string | Uint8Array,
  length: number,
  variant: Variant = 'default',
): CanonicalLayout {
  const [element] = splitPath(name, 1);
  if (length === 0) throw new SwarmError('BAD_TORRENT', 'A file of no bytes has no torrent.');
  return {
    version: variant === 'default' ? 'hybrid' : variant,
    name: element ?? new Uint8Array(0),
    pieceLength: canonicalPieceLength(length),
    singleFile: true,
    files: [{ index: 0, path: element ? [element] : [], length, padAfter: 0 }],
    length,
    padBytes: 0,
  };
}

/**
 * The layout of a torrent of a whole repo, which is multi-file however many files there are.
 *
 * @throws SwarmError BAD_TORRENT: no bytes at all, a path twice, a file where another has a folder, a name that cannot be; TOO_LARGE:
 * v1 was asked for and would have too many files or pads, or the torrent would be larger than 10 MB.
 */
export function planRepoTorrent(
  name: string | Uint8Array,
  files: readonly CanonicalFile[],
  variant: Variant = 'default',
): CanonicalLayout {
  const [element = new Uint8Array(0)] = splitPath(name, 1);
  const length = files.reduce((sum, file) => sum + file.length, 0);
  if (length === 0) throw new SwarmError('BAD_TORRENT', 'A repo of no bytes has no torrent.');
  const pieceLength = canonicalPieceLength(length);
  const sorted = files
    .map((file, index) => ({ index, path: splitPath(file.path), length: file.length }))
    .sort((one, other) => comparePaths(one.path, other.path));
  refuseClashes(sorted.map(({ path }) => path));
  // libtorrent pads a list of one file as little as a single file.
  const padOf = (bytes: number): number =>
    sorted.length === 1 ? 0 : (pieceLength - (bytes % pieceLength)) % pieceLength;
  const padBytes = sorted.reduce((sum, file) => sum + padOf(file.length), 0);
  const fits = files.length <= MOST_HYBRID_FILES && padBytes <= Math.max(ALWAYS_FINE_PADS, length * MOST_PAD_SHARE);
  if (variant === 'v1' && !fits) {
    throw new SwarmError(
      'TOO_LARGE',
      `A v1 torrent of these ${files.length} files would need ${padBytes} bytes of padding; use their v2 torrent, or torrents of single files.`,
    );
  }
  const version = variant === 'v1' ? 'v1' : variant === 'v2' || !fits ? 'v2' : 'hybrid';
  const isPadded = version !== 'v2';
  const layout: CanonicalLayout = {
    version,
    name: element,
    pieceLength,
    singleFile: false,
    files: sorted.map((file) => ({ ...file, padAfter: isPadded ? padOf(file.length) : 0 })),
    length,
    padBytes: isPadded ? padBytes : 0,
  };
  if (torrentBytes(layout) > MOST_TORRENT_BYTES) {
    throw new SwarmError('TOO_LARGE', `A torrent of these ${files.length} files would be larger than 10 MB.`);
  }
  return layout;
}

/**
 * Puts the hashes into a layout. `hashes` gives those of a file by its place in the list that the layout was planned from, with pieces at
 * the layout's piece length (unless it is v2 only). Throws INTERNAL when they are not.
 */
export function sealLayout(layout: CanonicalLayout, hashes: (index: number) => FileHashes): SealedTorrent {
  const steps = sealInSteps(layout, hashes);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, one file at a time: two terabytes have two million nodes to combine, which must not hold up everything else. */
export function* sealInSteps(
  layout: CanonicalLayout,
  hashes: (index: number) => FileHashes,
): Generator<void, SealedTorrent, void> {
  const { version, pieceLength } = layout;
  const pieceLayers = new Map<string, Uint8Array>();
  const files: InfoFile[] = [];
  for (const file of layout.files) {
    const { merkle, pieces } = hashes(file.index);
    const layer = version === 'v1' ? new Uint8Array(0) : layerOf(merkle, file.length, pieceLength);
    if (layer.length > 0) pieceLayers.set(toHex(merkle.root), layer);
    files.push({
      ...file,
      root: merkle.root,
      pieces: version === 'v2' ? new Uint8Array(0) : piecesOf(file, pieces, pieceLength),
    });
    yield;
  }
  const info = createInfo({ ...layout, files });
  return {
    layout,
    info,
    pieceLayers: version === 'v1' ? undefined : pieceLayers,
    infoHash: version === 'v2' ? undefined : platform.digest('SHA-1', info),
    infoHashV2: version === 'v1' ? undefined : platform.digest('SHA-256', info),
  };
}

function piecesOf({ length, padAfter }: LaidOutFile, all: FileHashes['pieces'], pieceLength: number): Uint8Array {
  if (length === 0) return new Uint8Array(0);
  const found = all.find((candidate) => candidate.pieceLength === pieceLength);
  if (!found) throw new SwarmError('INTERNAL', `A file has no piece hashes at ${pieceLength} bytes`);
  return padAfter === 0 ? found.pieces : concat([found.pieces.subarray(0, -20), found.paddedLast]);
}

/** About what the torrent file will have: exact but for the lengths of some numbers. */
function torrentBytes({ version, files, pieceLength }: CanonicalLayout): number {
  let bytes = 0;
  for (const { path, length, padAfter } of files) {
    const names = path.reduce((sum, element) => sum + element.length + 4, 0);
    const pieces = Math.ceil(length / pieceLength);
    if (version !== 'v2') bytes += names + 32 + pieces * 20 + (padAfter > 0 ? 52 : 0);
    if (version !== 'v1') bytes += (path.at(-1)?.length ?? 0) + 82 + (pieces > 1 ? pieces * 32 + 45 : 0);
  }
  return bytes;
}

const encoder = new TextEncoder();
const SLASH = 0x2f;

/** The elements of a path. `most`: how many there may be. Throws BAD_TORRENT. */
function splitPath(path: string | Uint8Array, most = Number.POSITIVE_INFINITY): Uint8Array[] {
  const bytes = typeof path === 'string' ? encoder.encode(path) : path;
  const elements: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const slash = bytes.indexOf(SLASH, start);
    const end = slash === -1 ? bytes.length : slash;
    elements.push(bytes.subarray(start, end));
    start = end + 1;
  }
  const problem = elements.length > most ? 'contains a slash' : elements.map(pathElementProblem).find(Boolean);
  if (problem)
    throw new SwarmError('BAD_TORRENT', `The name "${new TextDecoder().decode(bytes).slice(0, 200)}" ${problem}.`);
  return elements;
}

/** The order of the v2 file tree: element by element. */
function comparePaths(one: readonly Uint8Array[], other: readonly Uint8Array[]): number {
  for (let depth = 0; depth < Math.min(one.length, other.length); depth++) {
    const order = compareBytes(one[depth] ?? new Uint8Array(0), other[depth] ?? new Uint8Array(0));
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function refuseClashes(paths: readonly (readonly Uint8Array[])[]): void {
  for (const [index, path] of paths.entries()) {
    const before = paths[index - 1];
    // Sorted, a path stands right before what would lie below it.
    if (before && before.length <= path.length && comparePaths(before, path.slice(0, before.length)) === 0) {
      const name = path.map((element) => new TextDecoder().decode(element)).join('/');
      throw new SwarmError(
        'BAD_TORRENT',
        `Two files of the torrent have the same path, or one lies below the other: ${name}.`,
      );
    }
  }
}
