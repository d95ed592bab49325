/** The messages between peers: BEP 3, 6 (fast), 10 (extended) and 52 (hashes). */

/** Of every request. Peers hang up on larger ones. */
export const BLOCK_BYTES = 16_384;
/** In front of the bytes of a block: length, id, piece, begin. */
export const BLOCK_HEADER_BYTES = 13;

/** Message ids. */
export const ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** Bytes of one piece. */
export interface BlockRef {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** A message, decoded. Byte arrays are views of the buffer that it came in: valid during the call that hands it over. */
export type Message =
  | { readonly kind: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone' | 'keepAlive' }
  | { readonly kind: 'have' | 'suggest' | 'allowedFast'; readonly piece: number }
  | { readonly kind: 'bitfield'; readonly bits: Uint8Array }
  | ({ readonly kind: 'request' | 'cancel' | 'reject' } & BlockRef)
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'extended'; readonly id: number; readonly payload: Uint8Array }
  | { readonly kind: 'hashRequest' | 'hashes' | 'hashReject'; readonly payload: Uint8Array }
  /** To be ignored, as BEP 3 has it. */
  | { readonly kind: 'unknown'; readonly id: number };

/** Decodes a message without its length prefix (all but `piece`, whose bytes are read as they come). Undefined: malformed. */
export function decodeMessage(frame: Uint8Array): Message | undefined {
  const [id] = frame;
  const body = frame.subarray(1);
  switch (id) {
    case undefined:
      return { kind: 'keepAlive' };
    case ID.choke:
      return bare('choke', body);
    case ID.unchoke:
      return bare('unchoke', body);
    case ID.interested:
      return bare('interested', body);
    case ID.notInterested:
      return bare('notInterested', body);
    case ID.haveAll:
      return bare('haveAll', body);
    case ID.haveNone:
      return bare('haveNone', body);
    case ID.have:
      return ofPiece('have', body);
    case ID.suggest:
      return ofPiece('suggest', body);
    case ID.allowedFast:
      return ofPiece('allowedFast', body);
    case ID.bitfield:
      return { kind: 'bitfield', bits: body };
    case ID.request:
      return ofBlock('request', body);
    case ID.cancel:
      return ofBlock('cancel', body);
    case ID.reject:
      return ofBlock('reject', body);
    case ID.port:
      return body.length === 2 ? { kind: 'port', port: ((body[0] ?? 0) << 8) | (body[1] ?? 0) } : undefined;
    case ID.extended:
      return body.length === 0 ? undefined : { kind: 'extended', id: body[0] ?? 0, payload: body.subarray(1) };
    case ID.hashRequest:
      return { kind: 'hashRequest', payload: body };
    case ID.hashes:
      return { kind: 'hashes', payload: body };
    case ID.hashReject:
      return { kind: 'hashReject', payload: body };
    default:
      return { kind: 'unknown', id };
  }
}

function bare<K extends 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone'>(
  kind: K,
  body: Uint8Array,
): { readonly kind: K } | undefined {
  return body.length === 0 ? { kind } : undefined;
}

function ofPiece<K extends 'have' | 'suggest' | 'allowedFast'>(
  kind: K,
  body: Uint8Array,
): { readonly kind: K; readonly piece: number } | undefined {
  return body.length === 4 ? { kind, piece: readUint32(body, 0) } : undefined;
}

function ofBlock<K extends 'request' | 'cancel' | 'reject'>(
  kind: K,
  body: Uint8Array,
): ({ readonly kind: K } & BlockRef) | undefined {
  if (body.length !== 12) return undefined;
  return { kind, piece: readUint32(body, 0), begin: readUint32(body, 4), length: readUint32(body, 8) };
}

/** A message of nothing but its id. */
export function encodeBare(
  kind: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone',
): Uint8Array {
  return frame(ID[kind], 0);
}

/** Keeps a silent connection open. */
export function encodeKeepAlive(): Uint8Array {
  return new Uint8Array(4);
}

export function encodeHave(piece: number): Uint8Array {
  return withUint32s(ID.have, [piece]);
}

export function encodePort(port: number): Uint8Array {
  const bytes = frame(ID.port, 2);
  bytes[5] = port >> 8;
  bytes[6] = port & 0xff;
  return bytes;
}

/** Requests, cancels or rejects, one after the other in one buffer. */
export function encodeBlockRefs(kind: 'request' | 'cancel' | 'reject', blocks: readonly BlockRef[]): Uint8Array {
  const each = 17;
  const bytes = new Uint8Array(blocks.length * each);
  for (const [index, { piece, begin, length }] of blocks.entries()) {
    const start = index * each;
    writeUint32(bytes, start, 13);
    bytes[start + 4] = ID[kind];
    writeUint32(bytes, start + 5, piece);
    writeUint32(bytes, start + 9, begin);
    writeUint32(bytes, start + 13, length);
  }
  return bytes;
}

/** A message with bytes behind its id: `bitfield`, `hashRequest`, `hashes`, `hashReject`. */
export function encodePayload(
  kind: 'bitfield' | 'hashRequest' | 'hashes' | 'hashReject',
  payload: Uint8Array,
): Uint8Array {
  const bytes = frame(ID[kind], payload.length);
  bytes.set(payload, 5);
  return bytes;
}

/** BEP 10. `id`: 0 for the extension handshake, else what the other side calls the extension. */
export function encodeExtended(id: number, payload: Uint8Array): Uint8Array {
  const bytes = frame(ID.extended, payload.length + 1);
  bytes[5] = id;
  bytes.set(payload, 6);
  return bytes;
}

/** Writes the 13 bytes that stand in front of a block, at `offset` of `target`. */
export function writeBlockHeader(target: Uint8Array, offset: number, { piece, begin, length }: BlockRef): void {
  writeUint32(target, offset, 9 + length);
  target[offset + 4] = ID.piece;
  writeUint32(target, offset + 5, piece);
  writeUint32(target, offset + 9, begin);
}

function withUint32s(id: number, values: readonly number[]): Uint8Array {
  const bytes = frame(id, values.length * 4);
  for (const [index, value] of values.entries()) writeUint32(bytes, 5 + index * 4, value);
  return bytes;
}

function frame(id: number, bodyLength: number): Uint8Array {
  const bytes = new Uint8Array(5 + bodyLength);
  writeUint32(bytes, 0, 1 + bodyLength);
  bytes[4] = id;
  return bytes;
}

/** A big-endian unsigned number of 32 bits. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}

function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}
