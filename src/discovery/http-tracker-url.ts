import type { AnnounceRequest } from './tracker-client.ts';
import { trackerFailed } from './tracker-error.ts';

/** The URL of an announce (BEP 3, 7, 23). Throws TRACKER_FAILED when the tracker's own is no HTTP URL. */
export function announceUrl(tracker: string, request: AnnounceRequest): URL {
  const { infoHash, peerId, port, stats, event, wanted, key, trackerId } = request;
  const parameters = [
    `info_hash=${percentEncode(infoHash)}`,
    `peer_id=${percentEncode(peerId)}`,
    `port=${port}`,
    `uploaded=${stats.uploaded}`,
    `downloaded=${stats.downloaded}`,
    `left=${stats.left}`,
    'compact=1',
    'no_peer_id=1',
    `numwant=${wanted}`,
    `key=${key.toString(16).padStart(8, '0')}`,
    ...(event ? [`event=${event}`] : []),
    ...(trackerId ? [`trackerid=${percentEncode(trackerId)}`] : []),
  ];
  return withParameters(httpUrl(tracker), parameters);
}

/** The URL of a scrape (BEP 48). Throws TRACKER_FAILED when the tracker has none. */
export function scrapeUrl(tracker: string, infoHashes: readonly Uint8Array[]): URL {
  const url = httpUrl(tracker);
  const start = url.pathname.lastIndexOf('/') + 1;
  if (!url.pathname.startsWith('announce', start)) throw trackerFailed(tracker, 'its URL has no scrape');
  url.pathname = `${url.pathname.slice(0, start)}scrape${url.pathname.slice(start + 'announce'.length)}`;
  return withParameters(
    url,
    infoHashes.map((infoHash) => `info_hash=${percentEncode(infoHash)}`),
  );
}

/** Bytes in a query: what is not unreserved (RFC 3986) as `%XX`. */
function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function httpUrl(tracker: string): URL {
  const url = URL.canParse(tracker) ? new URL(tracker) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw trackerFailed(tracker, 'it has no HTTP URL');
  if (url.username !== '' || url.password !== '') throw trackerFailed(tracker, 'its URL has a user name');
  return url;
}

/** Not with URLSearchParams: that would write the tracker's own query anew, and its key with it. */
function withParameters(url: URL, parameters: readonly string[]): URL {
  url.hash = '';
  url.search = [...(url.search === '' ? [] : [url.search.slice(1)]), ...parameters].join('&');
  return url;
}
