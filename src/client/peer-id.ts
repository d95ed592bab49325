/** Azureus style: two letters, four digits of the version; the rest is random. */
const PEER_ID_PREFIX = '-MS0100-';

/** Bytes from a good source. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** What a client calls itself, 20 bytes. */
export function newPeerId(): Uint8Array {
  const id = randomBytes(20);
  id.set(new TextEncoder().encode(PEER_ID_PREFIX));
  return id;
}
