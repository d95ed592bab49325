import type { SwarmCounts } from '../contracts/swarm-state.ts';

/** An offer or an answer of WebRTC, as it came: it is passed on unread. */
export type Description = Readonly<Record<string, unknown>>;

/** What a WebTorrent client says. Ids are binary strings of 20 characters, one for each byte. */
export type WsMessage =
  | WsAnnounce
  | {
      readonly kind: 'answer';
      readonly infoHash: string;
      readonly peerId: string;
      readonly toPeerId: string;
      readonly offerId: string;
      readonly answer: Description;
    }
  | { readonly kind: 'scrape'; readonly infoHashes: readonly string[] }
  | { readonly kind: 'wrong'; readonly reason: string; readonly infoHash: string | undefined };

export interface WsAnnounce {
  readonly kind: 'announce';
  readonly infoHash: string;
  readonly peerId: string;
  readonly event: 'started' | 'completed' | 'stopped' | 'paused' | '';
  /** Bytes that it does not have; infinity: it does not know yet. */
  readonly left: number;
  readonly wanted: number;
  readonly offers: readonly { readonly offerId: string; readonly offer: Description }[];
}

/** Offers in one announce; more are left out. */
const MOST_OFFERS = 20;
const MOST_SCRAPED = 100;
const EVENTS: readonly unknown[] = ['started', 'completed', 'stopped', 'paused'];

/** Reads a message. Whatever the text is, it is either one of these or `wrong`. */
export function parseWsMessage(text: string): WsMessage {
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(text);
  } catch {
    return wrong('a message must be JSON');
  }
  if (typeof message !== 'object' || message === null) return wrong('a message must be a JSON object');
  switch (message.action) {
    case 'announce':
      return 'answer' in message && message.answer !== undefined && message.answer !== null
        ? readAnswer(message)
        : readAnnounce(message);
    case 'scrape':
      return readScrape(message.info_hash);
    default:
      return wrong('action must be "announce" or "scrape"');
  }
}

function readAnnounce(message: Record<string, unknown>): WsMessage {
  const { info_hash: infoHash, peer_id: peerId, event, left, numwant, offers } = message;
  if (!isId(infoHash)) return wrong('info_hash must have 20 bytes');
  if (!isId(peerId)) return wrong('peer_id must have 20 bytes', infoHash);
  const list = Array.isArray(offers) ? offers.slice(0, MOST_OFFERS) : [];
  const good = [];
  for (const each of list) {
    if (typeof each !== 'object' || each === null || !isId(each.offer_id) || !isDescription(each.offer))
      return wrong('an offer must have an offer_id of 20 bytes and a description', infoHash);
    good.push({ offerId: each.offer_id, offer: each.offer });
  }
  return {
    kind: 'announce',
    infoHash,
    peerId,
    event: EVENTS.includes(event) ? (event as WsAnnounce['event']) : '',
    left: typeof left === 'number' && left >= 0 ? left : Number.POSITIVE_INFINITY,
    wanted: typeof numwant === 'number' && numwant >= 0 ? numwant : MOST_OFFERS,
    offers: good,
  };
}

function readAnswer({ info_hash, peer_id, to_peer_id, offer_id, answer }: Record<string, unknown>): WsMessage {
  if (!isId(info_hash)) return wrong('info_hash must have 20 bytes');
  if (!isId(peer_id) || !isId(to_peer_id) || !isId(offer_id))
    return wrong('peer_id, to_peer_id and offer_id must have 20 bytes', info_hash);
  if (!isDescription(answer)) return wrong('an answer must be a description', info_hash);
  return { kind: 'answer', infoHash: info_hash, peerId: peer_id, toPeerId: to_peer_id, offerId: offer_id, answer };
}

/** All torrents are nobody's business: each is named. */
function readScrape(infoHash: unknown): WsMessage {
  const infoHashes: unknown[] = Array.isArray(infoHash) ? infoHash.slice(0, MOST_SCRAPED) : [infoHash];
  return infoHashes.every(isId) ? { kind: 'scrape', infoHashes } : wrong('info_hash must have 20 bytes');
}

/** The answer to an announce. `introduced`, which other trackers do not say: to how many peers its offers went; left out when it had none. */
export function announceAnswer(
  infoHash: string,
  { seeders, leechers }: SwarmCounts,
  interval: number,
  introduced?: number,
): string {
  const more = introduced === undefined ? '' : `,"introduced":${introduced}`;
  return `{"action":"announce","info_hash":${JSON.stringify(infoHash)},"interval":${interval},"complete":${seeders},"incomplete":${leechers}${more}}`;
}

/** An offer, or the answer to one, for the peer that it is meant for. `peerId`: whose it is. */
export function relayed(
  kind: 'offer' | 'answer',
  infoHash: string,
  peerId: string,
  offerId: string,
  description: Description,
): string {
  const names = `"info_hash":${JSON.stringify(infoHash)},"peer_id":${JSON.stringify(peerId)}`;
  return `{"action":"announce",${names},"offer_id":${JSON.stringify(offerId)},"${kind}":${JSON.stringify(description)}}`;
}

export function wsScrapeAnswer(files: Iterable<readonly [infoHash: string, counts: SwarmCounts]>): string {
  const entries = [...files].map(
    ([infoHash, { seeders, leechers, completed }]) =>
      [infoHash, { complete: seeders, incomplete: leechers, downloaded: completed }] as const,
  );
  return JSON.stringify({
    action: 'scrape',
    files: Object.fromEntries(entries),
    flags: { min_request_interval: 300 },
  });
}

export function failure(action: 'announce' | 'scrape', reason: string, infoHash: string | undefined): string {
  return JSON.stringify({ action, info_hash: infoHash, 'failure reason': reason });
}

/** The 20 bytes of an id, put into `target`. */
export function bytesOfId(id: string, target: Uint8Array): Uint8Array {
  for (let at = 0; at < 20; at++) target[at] = id.charCodeAt(at);
  return target;
}

function isId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 20) return false;
  for (let at = 0; at < 20; at++) if (value.charCodeAt(at) > 255) return false;
  return true;
}

function isDescription(value: unknown): value is Description {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(reason: string, infoHash?: string): WsMessage {
  return { kind: 'wrong', reason, infoHash };
}
