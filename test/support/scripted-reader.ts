import type { ByteReader } from '../../src/contracts/byte-reader.ts';

/** A reader over bytes that follow from their offset, which can be told to wait or to fail. */
export class ScriptedReader implements ByteReader {
  readonly size: number;
  /** Reads that were asked for. */
  reads: number = 0;
  closed: number = 0;
  /** Bytes per read at most. */
  chunk: number = Number.POSITIVE_INFINITY;
  /** Reads at or after this position fail. */
  failsAt: number = Number.POSITIVE_INFINITY;
  /** Reads at or after this position wait until their signal aborts. */
  hangsAt: number = Number.POSITIVE_INFINITY;

  constructor(size: number) {
    this.size = size;
  }

  async read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    this.reads += 1;
    if (this.closed > 0) throw new Error('read after close');
    await new Promise((resolve) => setImmediate(resolve));
    if (position >= this.failsAt) throw new Error('the source broke');
    if (position >= this.hangsAt) await aborted(signal);
    const count = Math.min(buffer.length, this.chunk, this.size - position);
    fillPattern(buffer.subarray(0, count), position);
    return count;
  }

  close(): void {
    this.closed += 1;
  }
}

/** Bytes `[start, end)` of every scripted reader. */
export function patternBytes(start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  fillPattern(bytes, start);
  return bytes;
}

function fillPattern(bytes: Uint8Array, position: number): void {
  // A period that is prime, so that a chunk at the wrong place never looks right.
  for (let i = 0; i < bytes.length; i++) bytes[i] = (position + i) % 251;
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
