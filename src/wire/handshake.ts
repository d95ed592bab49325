/** BEP 3 handshake: 19, "BitTorrent protocol", 8 reserved bytes, 20 bytes of info-hash, 20 bytes of peer id. */
export const HANDSHAKE_BYTES = 68;

const PROTOCOL = new TextEncoder().encode('\u0013BitTorrent protocol');
const RESERVED = PROTOCOL.length;
const INFO_HASH = RESERVED + 8;
const PEER_ID = INFO_HASH + 20;

// [byte of the reserved eight, bit]
const EXTENDED = [5, 0x10] as const;
const FAST = [7, 0x04] as const;
const DHT = [7, 0x01] as const;
const V2 = [7, 0x10] as const;

export interface Handshake {
  /** 20 bytes: of v1, or the beginning of v2's. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** BEP 10. */
  readonly extended: boolean;
  /** BEP 6. */
  readonly fast: boolean;
  /** BEP 5. */
  readonly dht: boolean;
  /** BEP 52: the torrent has a v2 side too, and the sender would rather speak that. */
  readonly v2: boolean;
}

/** The 68 bytes of a handshake. */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes.set(PROTOCOL);
  const set = ([byte, bit]: readonly [number, number]): void => {
    bytes[RESERVED + byte] = (bytes[RESERVED + byte] ?? 0) | bit;
  };
  if (handshake.extended) set(EXTENDED);
  if (handshake.fast) set(FAST);
  if (handshake.dht) set(DHT);
  if (handshake.v2) set(V2);
  bytes.set(handshake.infoHash.subarray(0, 20), INFO_HASH);
  bytes.set(handshake.peerId.subarray(0, 20), PEER_ID);
  return bytes;
}

/** Reads the first 68 bytes of a connection; undefined when they are no handshake. The hashes are copies. */
export function decodeHandshake(bytes: Uint8Array): Handshake | undefined {
  if (bytes.length < HANDSHAKE_BYTES || !startsLikeHandshake(bytes)) return undefined;
  const has = ([byte, bit]: readonly [number, number]): boolean => ((bytes[RESERVED + byte] ?? 0) & bit) !== 0;
  return {
    infoHash: bytes.slice(INFO_HASH, PEER_ID),
    peerId: bytes.slice(PEER_ID, HANDSHAKE_BYTES),
    extended: has(EXTENDED),
    fast: has(FAST),
    dht: has(DHT),
    v2: has(V2),
  };
}

/** Could these first bytes (as many as there are) become a handshake? Else the connection is encrypted, or none of ours. */
export function startsLikeHandshake(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, PROTOCOL.length);
  for (let index = 0; index < length; index++) if (bytes[index] !== PROTOCOL[index]) return false;
  return true;
}
