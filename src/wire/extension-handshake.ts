import { decode } from '../bencode/decode.ts';
import { type Encodable, encode } from '../bencode/encode.ts';
import type { BencodeNode } from '../bencode/node.ts';

const MOST_EXTENSIONS = 100;
const LONGEST_NAME = 64;
const LONGEST_CLIENT = 200;
const MOST_REQUESTS = 10_000;
/** libtorrent's bound for metadata. */
const MOST_METADATA_BYTES = 3 * 1024 * 10_240;

/** What peers tell one another once (BEP 10). */
export interface ExtensionHandshake {
  /** The extensions that the sender has, and the message ids that it wants to get them with; an id of 0 takes one back. */
  readonly messages: ReadonlyMap<string, number>;
  /** `v`: name and version of the program. */
  readonly client?: string;
  /** `p`: where it listens. */
  readonly port?: number;
  /** `reqq`: how many requests it keeps waiting. */
  readonly reqq?: number;
  /** `metadata_size` (BEP 9). */
  readonly metadataSize?: number;
  /** `upload_only` (BEP 21): it will not download. */
  readonly uploadOnly?: boolean;
}

/** The payload of extended message 0. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const { messages, client, port, reqq, metadataSize, uploadOnly } = handshake;
  return encode({
    m: Object.fromEntries<Encodable>(messages),
    v: client,
    p: port,
    reqq,
    metadata_size: metadataSize,
    upload_only: uploadOnly ? 1 : undefined,
  });
}

/** Reads one; undefined when it is malformed. What is malformed in it alone is left out. */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake | undefined {
  try {
    const root = decode(payload, { maxDepth: 10, maxTokens: 1000, unsortedKeys: 'accept' });
    const m = root.get('m');
    const messages = m?.kind === 'dictionary' ? readMessages(m) : new Map<string, number>();
    const client = root.get('v');
    const port = numberIn(root.get('p'), 1, 65_535);
    const reqq = numberIn(root.get('reqq'), 1, Number.MAX_SAFE_INTEGER);
    const metadataSize = numberIn(root.get('metadata_size'), 1, MOST_METADATA_BYTES);
    return {
      messages,
      ...(client?.kind === 'bytes' ? { client: client.text().slice(0, LONGEST_CLIENT) } : {}),
      ...(port === undefined ? {} : { port }),
      ...(reqq === undefined ? {} : { reqq: Math.min(MOST_REQUESTS, reqq) }),
      ...(metadataSize === undefined ? {} : { metadataSize }),
      uploadOnly: numberIn(root.get('upload_only'), 1, Number.MAX_SAFE_INTEGER) !== undefined,
    };
  } catch {
    return undefined;
  }
}

function readMessages(node: BencodeNode): Map<string, number> {
  const messages = new Map<string, number>();
  for (const [key, value] of node.entries()) {
    const id = numberIn(value, 0, 255);
    if (id === undefined || key.length > LONGEST_NAME || messages.size >= MOST_EXTENSIONS) continue;
    messages.set(new TextDecoder().decode(key), id);
  }
  return messages;
}

function numberIn(node: BencodeNode | undefined, least: number, most: number): number | undefined {
  if (node?.kind !== 'integer') return undefined;
  const value = Number(node.bigint());
  return value >= least && value <= most ? value : undefined;
}
