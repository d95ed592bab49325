import type { HashPool } from '../contracts/hasher.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { FileHashJoiner } from '../hashing/file-hashes.ts';
import { NODE_BYTES } from '../metainfo/merkle.ts';

export interface PieceFrontierOptions {
  readonly hashing: HashPool;
  readonly path: string;
  readonly size: number;
  /** Powers of two from 1 MiB on. */
  readonly pieceLengths: readonly number[];
  /** The end of the run of held bytes that begins at a position. */
  readonly heldEnd: (position: number) => number;
  readonly onAdvance: () => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Hashes the pieces and merkle nodes of a file as far as its bytes are there without a gap, run by run, on several threads:
 * when the last byte is verified, a torrent of the file can be made without reading it again.
 */
export class PieceFrontier {
  readonly #options: PieceFrontierOptions;
  readonly #joiner: FileHashJoiner;
  /** Where the runs that are being hashed begin, in order. */
  readonly #running = new Set<number>();
  #next = 0;
  #stopped = false;

  constructor(options: PieceFrontierOptions) {
    this.#options = options;
    this.#joiner = new FileHashJoiner(options.size, options.pieceLengths);
  }

  /** Everything before it is hashed. */
  get position(): number {
    return Math.min(this.#options.size, this.#next, ...this.#running);
  }

  get complete(): boolean {
    return this.#next >= this.#options.size && this.#running.size === 0;
  }

  /** Goes on if there is enough to hash. Called whenever bytes have landed. */
  poke(): void {
    const { size, heldEnd, hashing } = this.#options;
    while (!this.#stopped && this.#next < size && this.#running.size < hashing.threads) {
      const end = Math.min(size, this.#next + this.#joiner.runLength);
      if (heldEnd(this.#next) < end) return;
      void this.#hash(this.#next, end);
      this.#next = end;
    }
  }

  /** `complete` must be true. */
  hashes(): FileHashes {
    return this.#joiner.join();
  }

  /** Nothing is started any more, and what runs is not listened to. */
  close(): void {
    this.#stopped = true;
  }

  async #hash(start: number, end: number): Promise<void> {
    const { hashing, path, pieceLengths, onAdvance, onFailure } = this.#options;
    this.#running.add(start);
    try {
      const hashes = await hashing.hashRun([{ path, start, end }], { pieceLengths, nodeLength: NODE_BYTES });
      if (this.#stopped) return;
      this.#joiner.add(start, hashes);
      this.#running.delete(start);
      this.poke();
      onAdvance();
    } catch (error) {
      if (!this.#stopped) onFailure(error);
    }
  }
}
