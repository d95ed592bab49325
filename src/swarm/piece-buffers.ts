/**
 * Memory for pieces that are on their way. Shared with the threads that hash, where the platform can, so that they need no copy. Buffers are
 * used again: a fresh one costs its page faults anew.
 */
export class PieceBuffers {
  readonly #length: number;
  readonly #most: number;
  readonly #spare: Uint8Array[] = [];
  #taken = 0;

  readonly #isShared: boolean;

  /** Buffers of `pieceLength` bytes, of together at most `budget` bytes, but never fewer than two. */
  constructor(pieceLength: number, budget: number, isShared: boolean) {
    this.#isShared = isShared;
    this.#length = pieceLength;
    this.#most = Math.max(2, Math.floor(budget / pieceLength));
  }

  get isExhausted(): boolean {
    return this.#taken >= this.#most;
  }

  /** One for a piece of `size` bytes; undefined when all are in use. Its bytes are whatever was in it last. */
  take(size: number): Uint8Array | undefined {
    if (this.isExhausted) return undefined;
    this.#taken++;
    return (this.#spare.pop() ?? allocate(this.#length, this.#isShared)).subarray(0, size);
  }

  give(buffer: Uint8Array): void {
    this.#taken--;
    this.#spare.push(new Uint8Array(buffer.buffer));
  }
}

/** Browsers have shared memory on isolated pages only. */
function allocate(length: number, isShared: boolean): Uint8Array {
  return isShared && typeof SharedArrayBuffer !== 'undefined'
    ? new Uint8Array(new SharedArrayBuffer(length))
    : new Uint8Array(length);
}
