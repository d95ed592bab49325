import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';

/** Bytes of files in order, from a source of ranges: one request for as long as the bytes follow one another in a file. */
export class SpanStream {
  readonly #sourceOf: (file: number) => RangeSource | undefined;
  readonly #signal: AbortSignal;
  /** The file that is being read; -1 in the beginning. */
  #file = -1;
  #position = 0;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(sourceOf: (file: number) => RangeSource | undefined, signal: AbortSignal) {
    this.#sourceOf = sourceOf;
    this.#signal = signal;
  }

  get file(): number {
    return this.#file;
  }

  /**
   * Yields bytes `[position, end)` of a file, in parts. When a request has to be made, it is for everything up to `spanEnd`.
   * Throws what the source throws, and CLOSED when it does not have the file.
   */
  async *read(file: number, position: number, end: number, spanEnd: number): AsyncIterableIterator<Uint8Array> {
    if (file !== this.#file || position !== this.#position || !this.#chunks) await this.#open(file, position, spanEnd);
    while (this.#position < end) {
      if (this.#rest.length === 0) await this.#more();
      const part = this.#rest.subarray(0, end - this.#position);
      this.#rest = this.#rest.subarray(part.length);
      this.#position += part.length;
      yield part;
    }
  }

  /** Ends the request that is under way. */
  async close(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    this.#rest = new Uint8Array(0);
    await chunks?.return?.();
  }

  async #open(file: number, position: number, spanEnd: number): Promise<void> {
    await this.close();
    const source = this.#sourceOf(file);
    if (!source) throw new SwarmError('CLOSED', 'The source does not have this file.');
    this.#file = file;
    this.#position = position;
    this.#chunks = source.read(position, spanEnd, { signal: this.#signal })[Symbol.asyncIterator]();
  }

  async #more(): Promise<void> {
    const next = await this.#chunks?.next();
    if (!next || next.done) throw new SwarmError('UPSTREAM_UNAVAILABLE', 'The source ended its answer early.');
    this.#rest = next.value;
  }
}
