import type { Announcement } from './announcement.ts';

const PERCENT = 37;
const PLUS = 43;
const AMPERSAND = 38;
const EQUALS = 61;

/** What an announce's query says besides what is in the announcement. */
export interface QueryFacts {
  port: number;
  /** Bytes that it does not have; NaN: it does not say. */
  left: number;
}

/**
 * Reads the query of an HTTP announce (BEP 3, 7, 23) into `into`, from `start` of the URL on, without making a string of what is bytes. Returns what is
 * missing or wrong; what nobody knows is left alone, and so is `ip`: a peer has the address that it comes from.
 */
export function readAnnounceQuery(
  url: string,
  start: number,
  into: Announcement,
  facts: QueryFacts,
): string | undefined {
  let hasHash = false;
  let hasId = false;
  facts.port = 0;
  facts.left = Number.NaN;
  into.event = '';
  into.wanted = -1;
  into.isCompact = true;
  into.hasIds = true;
  into.ticket = undefined;
  for (let at = start; at < url.length; ) {
    let end = url.indexOf('&', at);
    if (end < 0) end = url.length;
    let equals = at;
    while (equals < end && url.charCodeAt(equals) !== EQUALS) equals++;
    const from = equals + 1;
    switch (url.slice(at, equals)) {
      case 'info_hash':
        // More than one is a scrape.
        if (hasHash) return 'more than one info_hash';
        hasHash = readBytes(url, from, end, into.infoHash);
        if (!hasHash) return 'info_hash must have 20 bytes';
        break;
      case 'peer_id':
        hasId = readBytes(url, from, end, into.peerId);
        if (!hasId) return 'peer_id must have 20 bytes';
        break;
      case 'port':
        facts.port = readNumber(url, from, end);
        break;
      case 'left':
        // Some clients do not know yet, and say so with -1.
        facts.left = url.charCodeAt(from) === 45 ? 1 : readNumber(url, from, end);
        break;
      case 'event':
        into.event = eventOf(url.slice(from, end));
        break;
      case 'numwant':
        into.wanted = readNumber(url, from, end);
        if (Number.isNaN(into.wanted)) into.wanted = -1;
        break;
      case 'compact':
        into.isCompact = url.charCodeAt(from) !== 48;
        break;
      case 'no_peer_id':
        into.hasIds = url.charCodeAt(from) !== 49;
        break;
      case 'ticket':
        into.ticket = url.slice(from, end);
        break;
      default:
    }
    at = end + 1;
  }
  if (!hasHash) return 'info_hash is missing';
  if (!hasId) return 'peer_id is missing';
  if (!(facts.port > 0 && facts.port < 65_536)) return 'port must be a number from 1 to 65535';
  return undefined;
}

/** Decodes percent-encoded bytes; false unless they fill the target. Text that is not ASCII, which clients do not send, is none. */
export function readBytes(text: string, start: number, end: number, target: Uint8Array): boolean {
  let filled = 0;
  for (let at = start; at < end; at++) {
    if (filled === target.length) return false;
    let code = text.charCodeAt(at);
    if (code === PERCENT) {
      const high = hexDigit(text.charCodeAt(at + 1));
      const low = hexDigit(text.charCodeAt(at + 2));
      if (high < 0 || low < 0 || at + 2 >= end) return false;
      code = high * 16 + low;
      at += 2;
    } else if (code === PLUS) code = 32;
    else if (code > 127 || code === AMPERSAND) return false;
    target[filled++] = code;
  }
  return filled === target.length;
}

function readNumber(text: string, start: number, end: number): number {
  if (end === start || end - start > 20) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function eventOf(text: string): Announcement['event'] {
  return text === 'started' || text === 'completed' || text === 'stopped' || text === 'paused' ? text : '';
}
