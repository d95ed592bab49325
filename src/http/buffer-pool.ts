/** Large enough that a warm file costs few system calls; larger ones gained nothing. */
const LARGEST = 512 * 1024;
const SMALLEST = 64 * 1024;
/** What the buffers of all senders together should stay under: they shrink as senders become more. */
const BUDGET_BYTES = 16 * 1024 * 1024;

/** Buffers for sending files, reused so that a warm download allocates nothing. Their sizes are powers of two. */
export class BufferPool {
  readonly #idle = new Map<number, Uint8Array[]>();
  #idleBytes = 0;

  /** A buffer of at least `bytes` (which is at most 512 KiB), with old bytes in it. */
  take(bytes: number): Uint8Array {
    let size = SMALLEST;
    while (size < bytes) size *= 2;
    for (let candidate = size; candidate <= LARGEST; candidate *= 2) {
      const idle = this.#idle.get(candidate)?.pop();
      if (!idle) continue;
      this.#idleBytes -= candidate;
      return idle;
    }
    return Buffer.allocUnsafeSlow(size);
  }

  /** Gives a buffer back. Nobody may read or write it any more, the kernel included. */
  give(buffer: Uint8Array): void {
    if (this.#idleBytes + buffer.length > BUDGET_BYTES) return;
    this.#idleBytes += buffer.length;
    const idle = this.#idle.get(buffer.length);
    if (idle) idle.push(buffer);
    else this.#idle.set(buffer.length, [buffer]);
  }
}

/** Bytes per buffer when `senders` responses run at once with two buffers each: 512 KiB, down to 64 KiB in a crowd. */
export function bufferSizeFor(senders: number): number {
  let size = LARGEST;
  while (size > SMALLEST && size * 2 * senders > BUDGET_BYTES) size /= 2;
  return size;
}
