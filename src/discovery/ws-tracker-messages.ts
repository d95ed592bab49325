import type { AnnounceStats } from '../contracts/discovery.ts';
import type { SessionDescription } from '../contracts/signalled-transport.ts';
import type { AnnounceEvent } from './tracker-client.ts';

/** What a tracker over WebSocket says, as WebTorrent has it. Ids are binary strings: one character for each of their 20 bytes. */
export type WsTrackerMessage = { readonly infoHash: string } & (
  | {
      readonly kind: 'answered';
      readonly interval: number | undefined;
      readonly seeds: number | undefined;
      readonly leechers: number | undefined;
      /** To how many peers our offers went, as our own tracker says. */
      readonly introduced: number | undefined;
    }
  | {
      readonly kind: 'offer' | 'answer';
      readonly peerId: string;
      readonly offerId: string;
      readonly description: SessionDescription;
    }
  | { readonly kind: 'failed'; readonly reason: string }
);

export interface WsAnnounceRequest {
  /** 20 bytes each. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly stats: AnnounceStats;
  readonly event: AnnounceEvent | undefined;
  readonly offers: readonly { readonly offerId: string; readonly description: SessionDescription }[];
}

/** An announce, with offers for as many peers. */
export function encodeWsAnnounce({ infoHash, peerId, stats, event, offers }: WsAnnounceRequest): string {
  const { uploaded, downloaded, left } = stats;
  return JSON.stringify({
    action: 'announce',
    info_hash: binaryString(infoHash),
    peer_id: binaryString(peerId),
    uploaded,
    downloaded,
    left,
    ...(event === undefined ? {} : { event }),
    numwant: offers.length,
    offers: offers.map(({ offerId, description }) => ({ offer_id: offerId, offer: description })),
  });
}

/** The answer to somebody's offer. */
export function encodeWsAnswer(
  infoHash: Uint8Array,
  peerId: Uint8Array,
  {
    toPeerId,
    offerId,
    description,
  }: { readonly toPeerId: string; readonly offerId: string; readonly description: SessionDescription },
): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: binaryString(infoHash),
    peer_id: binaryString(peerId),
    to_peer_id: toPeerId,
    offer_id: offerId,
    answer: description,
  });
}

/** Reads what a tracker has said; undefined when it is nothing that we understand. */
export function parseWsTrackerMessage(text: string): WsTrackerMessage | undefined {
  const message = parseObject(text);
  const { info_hash: infoHash, 'failure reason': reason, peer_id: peerId, offer_id: offerId } = message ?? {};
  if (message?.action !== 'announce' || !isId(infoHash)) return undefined;
  if (typeof reason === 'string') return { kind: 'failed', infoHash, reason: reason.slice(0, 200) };
  for (const kind of ['offer', 'answer'] as const) {
    const description = message[kind];
    if (description === undefined || description === null) continue;
    if (!isId(peerId) || !isId(offerId) || !isDescription(description, kind)) return undefined;
    return { kind, infoHash, peerId, offerId, description: { type: kind, sdp: description.sdp } };
  }
  const { complete, incomplete } = message;
  const [interval, seeds, leechers, introduced] = [message.interval, complete, incomplete, message.introduced].map(
    countOrNone,
  );
  return { kind: 'answered', infoHash, interval, seeds, leechers, introduced };
}

/** One character for each byte. */
export function binaryString(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[\0-\xff]{20}$/s.test(value);
}

function isDescription(value: unknown, type: 'offer' | 'answer'): value is SessionDescription {
  if (typeof value !== 'object' || value === null) return false;
  const description = value as Record<string, unknown>;
  return description.type === type && typeof description.sdp === 'string';
}

function countOrNone(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < 2 ** 31 ? value : undefined;
}
