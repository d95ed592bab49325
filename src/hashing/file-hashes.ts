import { concat } from '../base/concat.ts';
import type { HashPool, RunHashes } from '../contracts/hasher.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { merkleRoot, NODE_BYTES } from '../metainfo/merkle.ts';

/** Levels of the tree below a node of 1 MiB: 64 blocks of 16 KiB. */
const NODE_HEIGHT = 6;
/** About 20 ms of work for one thread: small enough to share, large enough that its messages cost nothing. */
const RUN_BYTES = 16 * 1024 * 1024;

/** Hashes of a file, put together from runs that may be hashed side by side. */
export class FileHashJoiner {
  /** Bytes per run; the last one is as short as the file leaves it. A whole number of pieces of every length. */
  readonly runLength: number;
  readonly #size: number;
  readonly #runs: RunHashes[] = [];

  /** `pieceLengths`: powers of two from 1 MiB on. */
  constructor(size: number, pieceLengths: readonly number[]) {
    this.#size = size;
    this.runLength = Math.max(RUN_BYTES, ...pieceLengths);
  }

  /** Takes the hashes of the run that begins at `start`. */
  add(start: number, hashes: RunHashes): void {
    this.#runs[start / this.runLength] = hashes;
  }

  /** All runs are there. */
  join(): FileHashes {
    const first = this.#runs[0];
    const nodes = concat(this.#runs.map((run) => run.nodes));
    return {
      merkle:
        this.#size > NODE_BYTES
          ? { root: merkleRoot(nodes, NODE_HEIGHT), nodes }
          : { root: first?.root ?? new Uint8Array(0), nodes: new Uint8Array(0) },
      pieces: (first?.pieces ?? []).map(({ pieceLength }, index) => ({
        pieceLength,
        pieces: concat(this.#runs.map((run) => run.pieces[index]?.pieces ?? new Uint8Array(0))),
        paddedLast: this.#runs.at(-1)?.pieces[index]?.paddedLast ?? new Uint8Array(0),
      })),
    };
  }
}

export interface HashFileOptions {
  /** Powers of two from 1 MiB on. */
  readonly pieceLengths: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Hears of every run, with its bytes. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Hashes a file of `size` bytes at `path` on all threads of the pool. Rejects with INTERNAL when it cannot be read that far, with
 * `signal.reason`, or CLOSED.
 */
export async function hashFile(
  pool: HashPool,
  path: string | Uint8Array,
  size: number,
  options: HashFileOptions,
): Promise<FileHashes> {
  const { pieceLengths, signal, onProgress } = options;
  const joiner = new FileHashJoiner(size, pieceLengths);
  const wanted = { pieceLengths, nodeLength: NODE_BYTES };
  let next = 0;
  const worker = async (): Promise<void> => {
    // An empty file has one run too: of no bytes, which says that there are no pieces.
    for (let start = next; start < size || start === 0; start = next) {
      if (start === 0 && next !== 0) return;
      next = start + joiner.runLength;
      signal?.throwIfAborted();
      const end = Math.min(size, start + joiner.runLength);
      joiner.add(start, await pool.hashRun([{ path, start, end }], wanted));
      onProgress?.(end - start);
    }
  };
  // One run more than there are threads, so that none of them waits for a message.
  await Promise.all(Array.from({ length: pool.threads + 1 }, worker));
  return joiner.join();
}
