import { fromHex, isSha1, toHex } from '../base/hex.ts';
import { isNeighbour } from './lsd-networks.ts';

/** As long as a packet may be everywhere, and more than our own ever are. */
const LONGEST_MESSAGE = 1400;
const MOST_LINES = 64;
const LONGEST_COOKIE = 64;
/** So many info-hashes fit into a packet, with all else. */
export const MOST_ANNOUNCED = 20;

/** Who says on the local network that it takes part in which swarms (BEP 14). */
export interface LsdAnnounce {
  readonly port: number;
  /** 20 bytes each. */
  readonly infoHashes: readonly Uint8Array[];
  /** What a sender knows its own announces by. */
  readonly cookie?: string | undefined;
}

/** Writes an announce of up to 20 info-hashes. `host`: the group and its port. */
export function encodeLsdAnnounce(host: string, { port, infoHashes, cookie }: LsdAnnounce): Uint8Array {
  const lines = [
    'BT-SEARCH * HTTP/1.1',
    `Host: ${host}`,
    `Port: ${port}`,
    ...infoHashes.map((infoHash) => `Infohash: ${toHex(infoHash)}`),
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n\r\n`);
}

/** The announce that a packet is, when it comes from a neighbour, and not from whoever has this cookie. */
export function hearLsdAnnounce(bytes: Uint8Array, address: string, ownCookie: string): LsdAnnounce | undefined {
  const announce = isNeighbour(address) ? decodeLsdAnnounce(bytes) : undefined;
  return announce?.cookie === ownCookie ? undefined : announce;
}

/** Reads an announce; undefined when it is none. Info-hashes that are malformed are left out. */
export function decodeLsdAnnounce(bytes: Uint8Array): LsdAnnounce | undefined {
  if (bytes.length > LONGEST_MESSAGE) return undefined;
  const [first = '', ...lines] = new TextDecoder('latin1').decode(bytes).split('\r\n', MOST_LINES);
  if (!/^BT-SEARCH \* HTTP\/1\.\d$/.test(first)) return undefined;
  let port = 0;
  let cookie: string | undefined;
  const infoHashes: Uint8Array[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case 'port':
        if (/^\d{1,5}$/.test(value)) port = Number(value);
        break;
      case 'infohash':
        if (isSha1(value.toLowerCase())) infoHashes.push(fromHex(value));
        break;
      case 'cookie':
        cookie = value.slice(0, LONGEST_COOKIE);
        break;
    }
  }
  return port > 0 && port < 65_536 && infoHashes.length > 0 ? { port, infoHashes, cookie } : undefined;
}
