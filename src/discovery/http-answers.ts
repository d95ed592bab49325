import { isIP } from 'node:net';
import { toHex } from '../base/hex.ts';
import { decode } from '../bencode/decode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import { decodePeers4, decodePeers6 } from '../wire/compact-peers.ts';
import type { AnnounceAnswer, ScrapeCounts } from './tracker-client.ts';
import { foreignText } from './tracker-error.ts';

/** More than anybody asks for. */
const MOST_PEERS = 2000;
/** Trackers are not known for sorting their keys. */
const LIMITS = { maxDepth: 10, maxTokens: 200_000, unsortedKeys: 'accept' } as const;
const LONGEST_TRACKER_ID = 1024;

/** A tracker's refusal. */
export interface TrackerRefusal {
  readonly failure: string;
  /** BEP 31. Infinity: never again. */
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * Reads what a tracker answers to an announce (BEP 3, 7, 23, 31).
 *
 * @throws SwarmError BAD_TORRENT when it is not bencoded, or no dictionary.
 */
export function decodeAnnounceAnswer(bytes: Uint8Array): AnnounceAnswer | TrackerRefusal {
  const answer = decode(bytes, LIMITS);
  const refusal = refusalIn(answer);
  if (refusal) return refusal;
  const warning = bytesIn(answer, 'warning message');
  const trackerId = bytesIn(answer, 'tracker id');
  return {
    peers: [...peersIn(answer.get('peers')), ...decodePeers6(bytesIn(answer, 'peers6') ?? NOTHING)].slice(
      0,
      MOST_PEERS,
    ),
    interval: countIn(answer, 'interval'),
    minInterval: countIn(answer, 'min interval'),
    seeds: countIn(answer, 'complete'),
    leechers: countIn(answer, 'incomplete'),
    trackerId: trackerId && trackerId.length <= LONGEST_TRACKER_ID ? Uint8Array.from(trackerId) : undefined,
    warning: warning && foreignText(warning),
  };
}

/**
 * Reads what a tracker answers to a scrape (BEP 48): counts by info-hash in hex.
 *
 * @throws SwarmError BAD_TORRENT when it is not bencoded, or no dictionary.
 */
export function decodeScrapeAnswer(bytes: Uint8Array): ReadonlyMap<string, ScrapeCounts> | TrackerRefusal {
  const answer = decode(bytes, LIMITS);
  const refusal = refusalIn(answer);
  if (refusal) return refusal;
  const files = answer.get('files');
  const counts = new Map<string, ScrapeCounts>();
  if (files?.kind !== 'dictionary') return counts;
  for (const [infoHash, entry] of files.entries()) {
    if (infoHash.length !== 20 || entry.kind !== 'dictionary') continue;
    counts.set(toHex(infoHash), {
      seeds: countIn(entry, 'complete') ?? 0,
      leechers: countIn(entry, 'incomplete') ?? 0,
      completed: countIn(entry, 'downloaded') ?? 0,
    });
  }
  return counts;
}

const NOTHING = new Uint8Array(0);

function refusalIn(answer: BencodeNode): TrackerRefusal | undefined {
  const reason = bytesIn(answer, 'failure reason');
  if (!reason) return undefined;
  const failure = foreignText(reason) || 'it refused, and did not say why';
  const never = bytesIn(answer, 'retry in');
  if (never && foreignText(never) === 'never') return { failure, retryAfterSeconds: Number.POSITIVE_INFINITY };
  const minutes = countIn(answer, 'retry in');
  return { failure, retryAfterSeconds: minutes === undefined ? undefined : 60 * minutes };
}

function peersIn(node: BencodeNode | undefined): PeerAddress[] {
  if (node?.kind === 'bytes') return decodePeers4(node.bytes());
  const peers: PeerAddress[] = [];
  if (node?.kind !== 'list') return peers;
  for (const entry of node.items()) {
    if (entry.kind !== 'dictionary' || peers.length >= MOST_PEERS) continue;
    const host = foreignText(bytesIn(entry, 'ip') ?? NOTHING);
    const port = countIn(entry, 'port') ?? 0;
    // BEP 3 has names too. Nobody sends them, and what checks addresses cannot look through them.
    if (isIP(host) !== 0 && !host.includes('%') && port > 0 && port < 65_536) peers.push({ host, port });
  }
  return peers;
}

function bytesIn(dictionary: BencodeNode, key: string): Uint8Array | undefined {
  const value = dictionary.get(key);
  return value?.kind === 'bytes' ? value.bytes() : undefined;
}

function countIn(dictionary: BencodeNode, key: string): number | undefined {
  const value = dictionary.get(key);
  if (value?.kind !== 'integer') return undefined;
  const count = Number(value.bigint());
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
