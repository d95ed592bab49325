import type { Part } from '../contracts/part.ts';

/** Bytes that may wait for the disk before the source is made to wait. Times 64 connections: 64 MiB at the worst. */
const MOST_QUEUED = 1024 * 1024;

/**
 * Writes a stream of chunks at growing offsets. Chunks that come while a write is under way are gathered into the next
 * one, so that slow sources get low latency and fast ones few system calls.
 */
export class SpanWriter {
  readonly #part: Part;
  readonly #onWritten: (start: number, end: number) => void;
  #position: number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  constructor(part: Part, start: number, onWritten: (start: number, end: number) => void) {
    this.#part = part;
    this.#position = start;
    this.#onWritten = onWritten;
  }

  /** Takes a chunk; resolves when the writer is ready for the next one. Rejects with what the disk said. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#writing ??= this.#drain();
    if (this.#queuedBytes > MOST_QUEUED) await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** Resolves when all that was taken is written. */
  async finish(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const chunks = this.#queue;
        const bytes = this.#queuedBytes;
        this.#queue = [];
        await this.#part.write(chunks, this.#position);
        this.#queuedBytes -= bytes;
        const start = this.#position;
        this.#position += bytes;
        this.#onWritten(start, this.#position);
      }
    } catch (error) {
      this.#failure = error;
      this.#queue = [];
      this.#queuedBytes = 0;
    } finally {
      this.#writing = undefined;
    }
  }
}
