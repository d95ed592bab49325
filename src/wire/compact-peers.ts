import type { PeerAddress } from '../contracts/connection.ts';

const IPV4_BYTES = 6;
const IPV6_BYTES = 18;

/** Reads peers of 6 bytes each, an IPv4 address and a port (BEP 23). A rest and ports of 0 are left out. */
export function decodePeers4(bytes: Uint8Array): PeerAddress[] {
  return split(bytes, IPV4_BYTES, (entry) => [...entry.subarray(0, 4)].join('.'));
}

/** The same of 18 bytes, with IPv6 addresses (BEP 7). */
export function decodePeers6(bytes: Uint8Array): PeerAddress[] {
  return split(bytes, IPV6_BYTES, (entry) => formatIpv6(entry.subarray(0, 16)));
}

/** Writes peers: IPv4 and IPv6 apart. Names, which have no place there, and ports that are none, are left out. */
export function encodePeers(peers: Iterable<PeerAddress>): { readonly v4: Uint8Array; readonly v6: Uint8Array } {
  const v4: number[] = [];
  const v6: number[] = [];
  for (const { host, port } of peers) {
    if (port < 1 || port > 65_535) continue;
    const four = parseIpv4(host);
    const six = four ? undefined : parseIpv6(host);
    if (four) v4.push(...four, port >> 8, port & 0xff);
    if (six) v6.push(...six, port >> 8, port & 0xff);
  }
  return { v4: Uint8Array.from(v4), v6: Uint8Array.from(v6) };
}

/** The bytes of an address, 4 or 16; undefined when the text is none. */
export function addressBytes(host: string): Uint8Array | undefined {
  const bytes = parseIpv4(host) ?? parseIpv6(host);
  return bytes && Uint8Array.from(bytes);
}

/** The address of 4 or 16 bytes as a text. */
export function addressText(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

function split(bytes: Uint8Array, length: number, hostOf: (entry: Uint8Array) => string): PeerAddress[] {
  const peers: PeerAddress[] = [];
  for (let start = 0; start + length <= bytes.length; start += length) {
    const entry = bytes.subarray(start, start + length);
    const port = ((entry[length - 2] ?? 0) << 8) | (entry[length - 1] ?? 0);
    if (port > 0) peers.push({ host: hostOf(entry), port });
  }
  return peers;
}

function parseIpv4(host: string): number[] | undefined {
  const parts = host.split('.');
  const isIpv4 = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return isIpv4 ? parts.map(Number) : undefined;
}

function parseIpv6(host: string): number[] | undefined {
  const [head = '', tail, ...rest] = host.split('::');
  if (rest.length > 0) return undefined;
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => (/^[0-9a-f]{1,4}$/i.test(word) ? Number.parseInt(word, 16) : -1));
  const before = words(head);
  const after = words(tail ?? '');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...new Array<number>(Math.max(0, missing)).fill(0), ...after];
  return all.includes(-1) ? undefined : all.flatMap((word) => [word >> 8, word & 0xff]);
}

/** The short form (RFC 5952): the longest run of zeros as `::`. IPv4 in IPv6 becomes IPv4. */
function formatIpv6(bytes: Uint8Array): string {
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return [...bytes.subarray(12)].join('.');
  const words = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && words[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (part: number[]): string => part.map((word) => word.toString(16)).join(':');
  return start < 0 ? text(words) : `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}
