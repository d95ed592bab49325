/** One write of this size costs few system calls, and two of them per connection little memory. */
export const WRITE_BUFFER_BYTES: number = 512 * 1024;
/** Kept for the next connections: 16 MiB. */
const MOST_IDLE = 32;

const idle: Uint8Array<ArrayBuffer>[] = [];

/** A buffer of `WRITE_BUFFER_BYTES`, with old bytes in it. */
export function takeWriteBuffer(): Uint8Array<ArrayBuffer> {
  return idle.pop() ?? new Uint8Array(WRITE_BUFFER_BYTES);
}

/** Gives a buffer back. Nobody may read or write it any more, the kernel included. */
export function giveWriteBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (idle.length < MOST_IDLE) idle.push(buffer);
}
