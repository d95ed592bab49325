import { concat } from '../base/concat.ts';
import { decodePrefix } from '../bencode/decode.ts';
import { encode } from '../bencode/encode.ts';

/** Metadata goes in pieces of this many bytes (BEP 9). */
export const METADATA_PIECE_BYTES = 16_384;
/** libtorrent's bound for metadata. */
const MOST_METADATA_BYTES = 3 * 1024 * 10_240;

const TYPES = ['request', 'data', 'reject'] as const;

/** A message of `ut_metadata` (BEP 9). */
export type MetadataMessage =
  | { readonly kind: 'request' | 'reject'; readonly piece: number }
  /** `bytes` is a view. */
  | { readonly kind: 'data'; readonly piece: number; readonly totalSize: number; readonly bytes: Uint8Array };

/** The payload of a message. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const head = encode({
    msg_type: TYPES.indexOf(message.kind),
    piece: message.piece,
    total_size: message.kind === 'data' ? message.totalSize : undefined,
  });
  if (message.kind !== 'data') return head;
  return concat([head, message.bytes]);
}

/** Reads one; undefined when it is malformed, or of a kind that is not known. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  try {
    const { node, length } = decodePrefix(payload, { maxDepth: 4, maxTokens: 50, unsortedKeys: 'accept' });
    const kind = TYPES[node.get('msg_type')?.integer() ?? -1];
    const piece = node.get('piece')?.integer() ?? -1;
    if (!kind || piece < 0 || piece * METADATA_PIECE_BYTES >= MOST_METADATA_BYTES) return undefined;
    if (kind !== 'data') return { kind, piece };
    const totalSize = node.get('total_size')?.integer() ?? -1;
    const bytes = payload.subarray(length);
    if (totalSize <= 0 || totalSize > MOST_METADATA_BYTES) return undefined;
    if (bytes.length === 0 || bytes.length > METADATA_PIECE_BYTES) return undefined;
    return { kind, piece, totalSize, bytes };
  } catch {
    return undefined;
  }
}
