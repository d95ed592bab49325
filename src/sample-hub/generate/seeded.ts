import { createCipheriv, createHash } from 'node:crypto';

/** Random-looking bytes that depend on nothing but the seed: the AES-128-CTR key stream of its SHA-256. */
export function seededBytes(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  return new Uint8Array(cipher.update(new Uint8Array(length)));
}

/** Numbers in `[-scale, scale)` that depend on nothing but the seed. */
export function seededFloats(seed: string, count: number, scale: number): Float32Array {
  const bytes = new DataView(seededBytes(seed, count * 4).buffer);
  return Float32Array.from({ length: count }, (_, index) => (bytes.getUint32(index * 4, true) / 2 ** 31 - 1) * scale);
}
