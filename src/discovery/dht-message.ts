import { decode } from '../bencode/decode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import { isSwarmError } from '../errors.ts';

const LONGEST_MESSAGE = 4096;
const LIMITS = { maxDepth: 4, maxTokens: 1000, unsortedKeys: 'accept' } as const;
const LONGEST_BYTES = 64;
/** What BEP 5 has. Storing strangers' values (BEP 44) is not for us. */
const QUERIES: ReadonlySet<string> = new Set(['ping', 'find_node', 'get_peers', 'announce_peer']);

/** What a packet is, as far as its form says. */
export type DhtMessageKind = 'query' | 'answer';

/**
 * Is this a message of BEP 5 whose fields have the types and lengths that they must have? Undefined when it is not: the library
 * takes them on trust, and throws when it is deceived.
 */
export function dhtMessageKind(bytes: Uint8Array): DhtMessageKind | undefined {
  if (bytes.length > LONGEST_MESSAGE) return undefined;
  try {
    return kindOf(decode(bytes, LIMITS));
  } catch (error) {
    if (isSwarmError(error, 'BAD_TORRENT')) return undefined;
    throw error;
  }
}

function kindOf(message: BencodeNode): DhtMessageKind | undefined {
  if (!isBytes(message.get('t'), 1, LONGEST_BYTES)) return undefined;
  switch (message.get('y')?.text()) {
    case 'q':
      return QUERIES.has(message.get('q')?.text() ?? '') && isSane(message.get('a')) ? 'query' : undefined;
    case 'r':
      return isSane(message.get('r')) ? 'answer' : undefined;
    case 'e':
      return message.get('e')?.kind === 'list' ? 'answer' : undefined;
    default:
      return undefined;
  }
}

function isSane(fields: BencodeNode | undefined): boolean {
  if (fields?.kind !== 'dictionary' || !isBytes(fields.get('id'), 20, 20)) return false;
  const optional = (key: string, check: (value: BencodeNode) => boolean): boolean => {
    const value = fields.get(key);
    return value === undefined || check(value);
  };
  return (
    optional('target', (value) => isBytes(value, 20, 20)) &&
    optional('info_hash', (value) => isBytes(value, 20, 20)) &&
    optional('token', (value) => isBytes(value, 1, LONGEST_BYTES)) &&
    optional('nodes', (value) => isBytes(value, 0, LONGEST_MESSAGE)) &&
    optional('values', isListOfBytes) &&
    optional('port', (value) => value.kind === 'integer') &&
    optional('implied_port', (value) => value.kind === 'integer')
  );
}

function isListOfBytes(node: BencodeNode): boolean {
  return node.kind === 'list' && [...node.items()].every((item) => isBytes(item, 0, LONGEST_BYTES));
}

function isBytes(node: BencodeNode | undefined, least: number, most: number): boolean {
  if (node?.kind !== 'bytes') return false;
  const { length } = node.bytes();
  return length >= least && length <= most;
}
