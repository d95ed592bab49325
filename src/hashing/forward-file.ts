import { closeSync, openSync, readSync } from 'node:fs';

/** Reads a file in order with blocking calls: for worker threads only. */
export class ForwardFile {
  readonly #path: string | Uint8Array;
  #fd: number | undefined;
  #position: number;

  /** The file is opened by the first `advance`: it may not exist before. */
  constructor(path: string | Uint8Array, start: number) {
    this.#path = path;
    this.#position = start;
  }

  /** Everything before it has been read. */
  get position(): number {
    return this.#position;
  }

  /** Hands `[position, to)` to `take`, piece by piece in `buffer`. Throws when the file cannot be read that far. */
  advance(to: number, buffer: Uint8Array, take: (bytes: Uint8Array) => void): void {
    this.#fd ??= openSync(typeof this.#path === 'string' ? this.#path : Buffer.from(this.#path), 'r');
    while (this.#position < to) {
      const count = readSync(this.#fd, buffer, 0, Math.min(buffer.length, to - this.#position), this.#position);
      if (count === 0) throw new Error(`${String(this.#path)} ends at byte ${this.#position}, before byte ${to}`);
      take(buffer.subarray(0, count));
      this.#position += count;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
