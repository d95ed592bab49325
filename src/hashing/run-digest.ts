import type { RunHashes, RunHashOptions } from '../contracts/hasher.ts';
import { MerkleDigest } from './merkle-digest.ts';
import { PieceDigest } from './piece-digest.ts';

/** All hashes that torrents need of one run of bytes, in one pass. */
export class RunDigest {
  readonly kind = 'run';
  readonly #pieces: readonly PieceDigest[];
  readonly #merkle: MerkleDigest | undefined;

  constructor({ pieceLengths, nodeLength }: RunHashOptions) {
    this.#pieces = pieceLengths.map((length) => new PieceDigest(length));
    this.#merkle = nodeLength === undefined ? undefined : new MerkleDigest(nodeLength);
  }

  update(bytes: Uint8Array): void {
    for (const digest of this.#pieces) digest.update(bytes);
    this.#merkle?.update(bytes);
  }

  /** Once, at the end. */
  finish(): RunHashes {
    const none = new Uint8Array(0);
    const { nodes, root } = this.#merkle?.finish() ?? { nodes: none, root: none };
    return { nodes, root, pieces: this.#pieces.map((digest) => digest.finish()) };
  }
}
