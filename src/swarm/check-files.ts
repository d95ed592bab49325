import { Bitfield } from '../base/bitfield.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import type { PieceHashes } from './piece-hashes.ts';
import type { PieceMap } from './piece-map.ts';

export interface CheckOptions {
  readonly map: PieceMap;
  readonly hashes: PieceHashes;
  readonly storage: TorrentStorage;
  readonly hashing: HashPool;
  /** Pieces that are to be looked at; the others are taken as missing. */
  readonly pieces: Iterable<number>;
  /** How far it is: pieces looked at. */
  readonly onProgress: (checked: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Finds out which pieces of a torrent are on the disk, by their hashes: as many at a time as there are threads. Rejects with
 * `signal.reason`, or STORAGE when a file cannot be looked at.
 */
export async function checkFiles(options: CheckOptions): Promise<Bitfield> {
  const { map, storage, hashing, onProgress, signal } = options;
  const good = new Bitfield(map.pieceCount);
  const files = await findFiles(map, storage, signal);
  const pieces = [...options.pieces];
  let next = 0;
  let checked = 0;
  const work = async (): Promise<void> => {
    for (let piece = pieces[next++]; piece !== undefined; piece = pieces[next++]) {
      signal.throwIfAborted();
      if (await checkPiece(options, piece, files)) good.add(piece);
      onProgress(++checked);
    }
  };
  await Promise.all(Array.from({ length: hashing.threads + 1 }, work));
  return good;
}

interface Found {
  readonly path: string | Uint8Array | undefined;
  readonly length: number;
}

async function findFiles(map: PieceMap, storage: TorrentStorage, signal: AbortSignal): Promise<(Found | undefined)[]> {
  const found: (Found | undefined)[] = [];
  for (const [file, { length, isPad, symlink }] of map.files.entries()) {
    signal.throwIfAborted();
    const hasBytes = length > 0 && !isPad && symlink === undefined;
    found.push(hasBytes ? await storage.state(file) : undefined);
  }
  return found;
}

async function checkPiece(
  { map, hashes, storage }: CheckOptions,
  piece: number,
  files: readonly (Found | undefined)[],
): Promise<boolean> {
  if (!hashes.isKnown(piece)) return false;
  const slices = map.slices(piece);
  const isThere = slices.every(({ file, position, length }) => (files[file]?.length ?? 0) >= position + length);
  if (!isThere) return false;
  if (slices.every(({ file }) => files[file]?.path !== undefined)) {
    // A file that somebody shortens meanwhile is as good as missing.
    return hashes.checkFiles(piece, (file) => files[file]?.path ?? '').catch(() => false);
  }
  const bytes = new Uint8Array(map.size(piece));
  for (const { file, position, begin, length } of slices) {
    await storage.read(file, position, [bytes.subarray(begin, begin + length)]);
  }
  return hashes.checkBytes(piece, bytes);
}
