import { stat } from 'node:fs/promises';
import type { HashPool } from '../../contracts/hasher.ts';
import type { FileHashes } from '../../contracts/piece-hashes.ts';
import { SwarmError } from '../../errors.ts';
import { FileHashJoiner, hashFile } from '../../hashing/file-hashes.ts';
import { NODE_BYTES } from '../../metainfo/merkle.ts';
import { fileError } from './file-error.ts';
import { inParallel } from './in-parallel.ts';
import type { ContentFile } from './list-content.ts';
import { printable } from './printable.ts';

/** Larger files keep all threads busy alone; side by side they would make the disk jump. */
const LARGE = 64 * 1024 * 1024;

/**
 * Hashes files for a torrent, in their order. `onProgress` hears of bytes. Rejects with BAD_REQUEST when a file changes meanwhile, with
 * INTERNAL when one can not be read, with `signal.reason`.
 */
export async function hashContent(
  pool: HashPool,
  files: readonly ContentFile[],
  options: {
    /** Of the v1 pieces; none for a torrent that is v2 only. */
    readonly pieceLengths: readonly number[];
    readonly signal: AbortSignal;
    readonly onProgress: (bytes: number) => void;
  },
): Promise<FileHashes[]> {
  const hashes: FileHashes[] = [];
  const jobs = function* (wanted: (length: number) => boolean): Generator<() => Promise<void>> {
    for (const [index, file] of files.entries()) {
      if (!wanted(file.length)) continue;
      yield async () => {
        hashes[index] = await hashOne(pool, file, options);
      };
    }
  };
  await inParallel(
    jobs((length) => length >= LARGE),
    1,
    options.signal,
  );
  await inParallel(
    jobs((length) => length < LARGE),
    pool.threads * 2,
    options.signal,
  );
  return hashes;
}

async function hashOne(
  pool: HashPool,
  { source, length }: ContentFile,
  options: Parameters<typeof hashContent>[2],
): Promise<FileHashes> {
  if ('text' in source) {
    const joiner = new FileHashJoiner(length, options.pieceLengths);
    const { pieceLengths, onProgress } = options;
    joiner.add(0, await pool.hashRun([source.text], { pieceLengths, nodeLength: NODE_BYTES }));
    onProgress(length);
    return joiner.join();
  }
  const check = async (): Promise<void> => {
    const now = await stat(Buffer.from(source.path)).catch((error: unknown) => {
      throw fileError(source.path, error);
    });
    if (now.size !== length || now.mtimeMs !== source.mtimeMs) {
      throw new SwarmError('BAD_REQUEST', `${printable(source.path)} was changed while it was hashed; try again.`);
    }
  };
  const hashes = await hashFile(pool, source.path, length, options).catch(async (error: unknown) => {
    // A file that got shorter cannot be read to its end; that it changed is the better answer.
    options.signal.throwIfAborted();
    await check();
    throw error;
  });
  await check();
  return hashes;
}
