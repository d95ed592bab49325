import type { Part } from '../contracts/part.ts';
import { giveWriteBuffer, takeWriteBuffer, WRITE_BUFFER_BYTES } from './write-buffers.ts';

/**
 * Writes a stream of chunks at growing offsets. Chunks are copied into one buffer while the other is being written, so
 * that slow sources get low latency and fast ones few system calls. The copy pays for itself: the network's 64 KiB buffers
 * die young, instead of growing old in a queue until V8 has 64 MB of them to collect.
 */
export class SpanWriter {
  readonly #part: Part;
  readonly #onWritten: (start: number, end: number) => void;
  #position: number;
  #filling: Uint8Array<ArrayBuffer> = takeWriteBuffer();
  #spare: Uint8Array<ArrayBuffer> = takeWriteBuffer();
  #filled = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  constructor(part: Part, start: number, onWritten: (start: number, end: number) => void) {
    this.#part = part;
    this.#position = start;
    this.#onWritten = onWritten;
  }

  /** Takes a chunk; resolves when it has been copied. Rejects with what the disk said. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#failure) throw this.#failure;
      const room = WRITE_BUFFER_BYTES - this.#filled;
      if (room === 0) {
        await this.#writing;
        continue;
      }
      const piece = rest.subarray(0, room);
      this.#filling.set(piece, this.#filled);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
      this.#writing ??= this.#drain();
    }
  }

  /** Resolves when all that was taken is written. The writer must not be used after it. */
  async finish(): Promise<void> {
    await this.#writing;
    // After a failure it is not known what the kernel still reads from.
    if (this.#failure) throw this.#failure;
    giveWriteBuffer(this.#filling);
    giveWriteBuffer(this.#spare);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#filled > 0) {
        const full = this.#filling;
        const bytes = this.#filled;
        this.#filling = this.#spare;
        this.#filled = 0;
        await this.#part.write([full.subarray(0, bytes)], this.#position);
        this.#spare = full;
        const start = this.#position;
        this.#position += bytes;
        this.#onWritten(start, this.#position);
      }
    } catch (error) {
      this.#failure = error;
      this.#filled = 0;
    } finally {
      this.#writing = undefined;
    }
  }
}
