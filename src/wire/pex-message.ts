import { decode } from '../bencode/decode.ts';
import { encode } from '../bencode/encode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import { decodePeers4, decodePeers6, encodePeers } from './compact-peers.ts';

/** Of each list; BEP 11 asks for at most 50. */
const MOST_PEERS = 200;

/** A message of `ut_pex` (BEP 11): peers that have come and gone since the last one. */
export interface PexMessage {
  readonly added: readonly PeerAddress[];
  readonly dropped: readonly PeerAddress[];
}

/** The payload of a message. `isSeed`: a flag of BEP 11 that is sent with each peer. */
export function encodePexMessage({ added, dropped }: PexMessage, isSeed: (peer: PeerAddress) => boolean): Uint8Array {
  const come = encodePeers(added);
  const gone = encodePeers(dropped);
  // One for each peer that is in the list: names have no place there.
  const flags = (family: 'v4' | 'v6'): Uint8Array =>
    Uint8Array.from(
      added.filter((peer) => encodePeers([peer])[family].length > 0),
      (peer) => (isSeed(peer) ? 0x02 : 0),
    );
  return encode({
    added: come.v4,
    'added.f': flags('v4'),
    added6: come.v6,
    'added6.f': flags('v6'),
    dropped: gone.v4,
    dropped6: gone.v6,
  });
}

/** Reads one; undefined when it is malformed. */
export function decodePexMessage(payload: Uint8Array): PexMessage | undefined {
  try {
    const root = decode(payload, { maxDepth: 4, maxTokens: 100, unsortedKeys: 'accept' });
    const list = (key: string, read: (bytes: Uint8Array) => PeerAddress[]): PeerAddress[] =>
      read(bytesOf(root.get(key)));
    return {
      added: [...list('added', decodePeers4), ...list('added6', decodePeers6)].slice(0, MOST_PEERS),
      dropped: [...list('dropped', decodePeers4), ...list('dropped6', decodePeers6)].slice(0, MOST_PEERS),
    };
  } catch {
    return undefined;
  }
}

function bytesOf(node: BencodeNode | undefined): Uint8Array {
  return node?.kind === 'bytes' ? node.bytes() : new Uint8Array(0);
}
