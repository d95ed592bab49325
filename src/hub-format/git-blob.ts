/** The bytes that git hashes before a blob's own: `"blob " + size + "\0"`. */
export function gitBlobHeader(size: number): Uint8Array {
  return new TextEncoder().encode(`blob ${size}\0`);
}
