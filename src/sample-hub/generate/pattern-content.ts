import type { Content } from '../content.ts';
import { seededBytes } from './seeded.ts';

const BLOCK = 1 << 20;
const PAGE = 4096;
const STAMP = 8;

/**
 * A file of any size whose bytes follow from their offset: one seeded block of 1 MiB again and again, with the number of each
 * page of 4 KiB written over its first 8 bytes (little-endian), so that no two pages are the same. Costs a copy per byte.
 * @param sha256 when it is known
 */
export function patternContent(size: number, seed: string, sha256?: string): Content {
  let made: Uint8Array | undefined;
  const read = (start: number, end: number): Uint8Array => {
    made ??= seededBytes(`pattern ${seed}`, BLOCK);
    // Not zero-filled: every byte is written below.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(end - start).buffer);
    for (let at = start; at < end; ) {
      const from = at % BLOCK;
      const count = Math.min(BLOCK - from, end - at);
      bytes.set(made.subarray(from, from + count), at - start);
      at += count;
    }
    stampPages(bytes, start);
    return bytes;
  };
  return sha256 === undefined ? { size, read } : { size, read, sha256 };
}

/** Writes the numbers of the pages that `bytes`, which begin at `start` of the file, overlap. */
function stampPages(bytes: Uint8Array, start: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stamp = new DataView(new ArrayBuffer(STAMP));
  for (let page = Math.floor(start / PAGE); page * PAGE < start + bytes.length; page += 1) {
    const at = page * PAGE - start;
    // A page number fits in 32 bits up to 16 TiB.
    if (at >= 0 && at + STAMP <= bytes.length) {
      view.setUint32(at, page, true);
      view.setUint32(at + 4, 0, true);
      continue;
    }
    stamp.setUint32(0, page, true);
    stamp.setUint32(4, 0, true);
    for (let index = Math.max(0, -at); index < STAMP && at + index < bytes.length; index += 1) {
      view.setUint8(at + index, stamp.getUint8(index));
    }
  }
}
