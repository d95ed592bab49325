import type { RunPart } from '../contracts/hasher.ts';
import { ForwardFile } from './forward-file.ts';

/** Reads parts of files, and bytes in memory, one after the other as one run, with blocking calls: for worker threads only. */
export class ForwardRun {
  readonly #parts: readonly RunPart[];
  #index = 0;
  #file: ForwardFile | undefined;
  #position = 0;
  /** Where the current part begins in the run. */
  #partStart = 0;

  constructor(parts: readonly RunPart[]) {
    this.#parts = parts;
  }

  /** Bytes of the run that have been read. */
  get position(): number {
    return this.#position;
  }

  /** Hands the run up to `to` to `take`, piece by piece in `buffer`. Throws when a file cannot be read that far. */
  advance(to: number, buffer: Uint8Array, take: (bytes: Uint8Array) => void): void {
    while (this.#position < to) {
      const part = this.#parts[this.#index];
      if (!part) throw new Error(`the run ends at byte ${this.#position}, before byte ${to}`);
      const end = Math.min(to, this.#partStart + lengthOf(part));
      this.#read(part, end, buffer, take);
      this.#position = end;
      if (end === this.#partStart + lengthOf(part)) this.#nextPart();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #read(part: RunPart, end: number, buffer: Uint8Array, take: (bytes: Uint8Array) => void): void {
    if (part instanceof Uint8Array) {
      take(part.subarray(this.#position - this.#partStart, end - this.#partStart));
      return;
    }
    this.#file ??= new ForwardFile(part.path, part.start);
    this.#file.advance(part.start + end - this.#partStart, buffer, take);
  }

  #nextPart(): void {
    this.#partStart = this.#position;
    this.#index += 1;
    this.close();
  }
}

/** Bytes of a part. */
export function lengthOf(part: RunPart): number {
  return part instanceof Uint8Array ? part.length : part.end - part.start;
}
