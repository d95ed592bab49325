import { readUint32 } from './messages.ts';

const ROOT_BYTES = 32;
const REQUEST_BYTES = ROOT_BYTES + 16;
/** BEP 52 asks for at most 512; libtorrent answers up to 8,192. */
const MOST_HASHES = 8192;
const MOST_PROOF = 64;

/** Which hashes of a file's tree are wanted (BEP 52 `hash request`). */
export interface HashRequest {
  /** `pieces root` of the file. */
  readonly root: Uint8Array;
  /** The layer: 0 are the leaves. */
  readonly base: number;
  /** Of the first hash in its layer: a multiple of `length`. */
  readonly index: number;
  /** How many: a power of two. */
  readonly length: number;
  /** Layers above `base` for which the missing siblings are to be sent, so that the hashes can be led to the root. */
  readonly proofLayers: number;
}

/** The payload of a hash request, and of a reject of it. */
export function encodeHashRequest({ root, base, index, length, proofLayers }: HashRequest): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  bytes.set(root);
  const view = new DataView(bytes.buffer);
  for (const [place, value] of [base, index, length, proofLayers].entries())
    view.setUint32(ROOT_BYTES + place * 4, value);
  return bytes;
}

/** Reads a hash request or a reject; undefined when it is malformed or asks for too much. The root is a copy. */
export function decodeHashRequest(payload: Uint8Array): HashRequest | undefined {
  return payload.length === REQUEST_BYTES ? readHeader(payload) : undefined;
}

/** The payload of `hashes`: the request again, the hashes, and their uncles from the lowest layer up. */
export function encodeHashes(request: HashRequest, hashes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES + hashes.length);
  bytes.set(encodeHashRequest(request));
  bytes.set(hashes, REQUEST_BYTES);
  return bytes;
}

/** Reads `hashes`; undefined when it is malformed or has another number of hashes than its header says. The hashes are a copy. */
export function decodeHashes(
  payload: Uint8Array,
): { readonly request: HashRequest; readonly hashes: Uint8Array } | undefined {
  const request = payload.length > REQUEST_BYTES ? readHeader(payload) : undefined;
  if (!request) return undefined;
  const hashes = new Uint8Array(payload.subarray(REQUEST_BYTES));
  return hashes.length === (request.length + uncleCount(request)) * 32 ? { request, hashes } : undefined;
}

/** Siblings that are sent besides: those below the common parent of the hashes themselves are not, though they count as layers. */
export function uncleCount({ length, proofLayers }: Pick<HashRequest, 'length' | 'proofLayers'>): number {
  return Math.max(0, proofLayers - (Math.log2(length) - 1));
}

function readHeader(payload: Uint8Array): HashRequest | undefined {
  const [base = 0, index = 0, length = 0, proofLayers = 0] = [0, 1, 2, 3].map((place) =>
    readUint32(payload, ROOT_BYTES + place * 4),
  );
  const isPower = length > 0 && (length & (length - 1)) === 0;
  if (!isPower || length > MOST_HASHES || index % length !== 0 || base > MOST_PROOF || proofLayers > MOST_PROOF)
    return undefined;
  return { root: new Uint8Array(payload.subarray(0, ROOT_BYTES)), base, index, length, proofLayers };
}
