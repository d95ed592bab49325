import { createHash } from 'node:crypto';

const BLOCK = 16 * 1024;
const sha = (algorithm: 'sha1' | 'sha256', ...parts: Uint8Array[]): Buffer => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** BEP 52 the slow way: a tree over all blocks that is `width` leaves wide (a power of two; default: as wide as it must be). */
export function referenceRoot(bytes: Uint8Array, width?: number): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  let level: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK)
    level.push(sha('sha256', bytes.subarray(start, start + BLOCK)));
  let full = width ?? 1;
  while (full < level.length) full *= 2;
  while (level.length < full) level.push(Buffer.alloc(32));
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2)
      next.push(sha('sha256', level[index] ?? Buffer.alloc(0), level[index + 1] ?? Buffer.alloc(0)));
    level = next;
  }
  return level[0] ?? Buffer.alloc(0);
}

/** The roots of the subtrees of `nodeLength` bytes, one after the other. */
export function referenceNodes(bytes: Uint8Array, nodeLength: number): Buffer {
  const nodes: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += nodeLength)
    nodes.push(referenceRoot(bytes.subarray(start, start + nodeLength), nodeLength / BLOCK));
  return Buffer.concat(nodes);
}

/** SHA-1 of the pieces; `padded` fills the last one up with zeros. */
export function referencePieces(bytes: Uint8Array, pieceLength: number, padded: boolean): Buffer {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += pieceLength) {
    const piece = bytes.subarray(start, start + pieceLength);
    pieces.push(sha('sha1', piece, new Uint8Array(padded ? pieceLength - piece.length : 0)));
  }
  return Buffer.concat(pieces);
}
