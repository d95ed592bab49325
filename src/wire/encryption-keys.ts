import { platform } from '#platform';
import { concat } from '../base/concat.ts';
import { toHex } from '../base/hex.ts';
import { Rc4 } from './rc4.ts';

/** Of the key stream, what is never used. */
const DISCARDED = 1024;

const encoder = new TextEncoder();

/** Under what name a responder finds a torrent: `HASH('req2', infoHash)` in hex. */
export function encryptionLookupKey(infoHash: Uint8Array): string {
  return toHex(labelledHash('req2', infoHash));
}

/** `HASH('req1', S)`: where the initiator's second part begins. */
export function startMarker(secret: Uint8Array): Uint8Array {
  return labelledHash('req1', secret);
}

/** `HASH('req2', infoHash) xor HASH('req3', S)`, of which either part gives the other one back. */
export function maskWithSecret(hash: Uint8Array, secret: Uint8Array): Uint8Array {
  const mask = labelledHash('req3', secret);
  return mask.map((byte, index) => byte ^ (hash[index] ?? 0));
}

/** `HASH('req2', infoHash)`. */
export function torrentMarker(infoHash: Uint8Array): Uint8Array {
  return labelledHash('req2', infoHash);
}

/** The ciphers of both directions, ready for the first byte. */
export function streamCiphers(
  secret: Uint8Array,
  infoHash: Uint8Array,
): { readonly fromInitiator: Rc4; readonly fromResponder: Rc4 } {
  return {
    fromInitiator: cipher(labelledHash('keyA', secret, infoHash)),
    fromResponder: cipher(labelledHash('keyB', secret, infoHash)),
  };
}

function cipher(key: Uint8Array): Rc4 {
  const rc4 = new Rc4(key);
  rc4.discard(DISCARDED);
  return rc4;
}

function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return platform.digest('SHA-1', concat([encoder.encode(label), ...parts]));
}
