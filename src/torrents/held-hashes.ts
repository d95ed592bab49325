import pLimit from 'p-limit';
import { SingleFlight } from '../base/single-flight.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { FileHashes, PieceHashStore } from '../contracts/piece-hashes.ts';
import { SwarmError } from '../errors.ts';
import { hashFile } from '../hashing/file-hashes.ts';

const NOTHING = new Uint8Array(0);
const EMPTY_FILE: FileHashes = { merkle: { root: NOTHING, nodes: NOTHING }, pieces: [] };

export interface HeldHashesOptions {
  readonly blobs: BlobStore;
  readonly store: PieceHashStore;
  readonly hashing: HashPool;
}

/** What torrents need of held files: from the record that their fills left, else by reading the local blob again. */
export class HeldHashes {
  readonly #options: HeldHashesOptions;
  readonly #flights = new SingleFlight<void>();
  // One file at a time: the re-reads are in nobody's way, and each of them uses all threads.
  readonly #turn = pLimit(1);

  constructor(options: HeldHashesOptions) {
    this.#options = options;
  }

  /** Would `find` find them? */
  has(content: ContentId, pieceLength: number): boolean {
    if (content.size === 0) return true;
    const blob = this.#options.blobs.find(content);
    return blob !== undefined && this.#options.store.has(blob.sha256, pieceLength);
  }

  /** The hashes of a held file; undefined when it is not held, or has not been hashed at this piece length. */
  find(content: ContentId, pieceLength: number): FileHashes | undefined {
    if (content.size === 0) return EMPTY_FILE;
    const { blobs, store } = this.#options;
    const blob = blobs.find(content);
    const merkle = blob && store.merkleHashes(blob.sha256);
    const pieces = blob && store.pieceHashes(blob.sha256, pieceLength);
    return merkle && pieces && { merkle, pieces: [pieces] };
  }

  /** Sees to it that `find` finds them, for a file that is held. Throws NOT_CACHED when it is not held (any more), INTERNAL, CLOSED. */
  async ensure(content: ContentId, pieceLength: number, signal: AbortSignal): Promise<void> {
    if (this.has(content, pieceLength)) return;
    const { blobs } = this.#options;
    const sha256 = blobs.find(content)?.sha256;
    if (sha256 === undefined) throw new SwarmError('NOT_CACHED', 'The file is not held', { retryAfterSeconds: 1 });
    await this.#flights.run(`${sha256} ${pieceLength}`, () =>
      this.#turn(() => this.#readAgain(sha256, content.size, pieceLength, signal)),
    );
    if (this.has(content, pieceLength)) return;
    throw new SwarmError('DISK_FULL', 'The hashes of the file could not be stored. Free some space.');
  }

  async #readAgain(sha256: string, size: number, pieceLength: number, signal: AbortSignal): Promise<void> {
    const { blobs, store, hashing } = this.#options;
    const lease = blobs.lease(sha256);
    if (!lease) throw new SwarmError('NOT_CACHED', 'The file is not held', { retryAfterSeconds: 1 });
    try {
      store.putHashes(sha256, await hashFile(hashing, lease.path, size, { pieceLengths: [pieceLength], signal }));
    } finally {
      lease.close();
    }
  }
}
