import { concat } from '../base/concat.ts';
import { decodePeers4, decodePeers6 } from '../wire/compact-peers.ts';
import type { AnnounceAnswer, AnnounceEvent, AnnounceRequest, ScrapeCounts } from './tracker-client.ts';
import { foreignText } from './tracker-error.ts';

const PROTOCOL = 0x41727101980n;
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
const EVENTS: Readonly<Record<AnnounceEvent, number>> = { completed: 1, started: 2, stopped: 3 };
/** BEP 41: options behind an announce. */
const URL_DATA = 2;
const LONGEST_OPTION = 255;
const LONGEST_URL_DATA = 1000;

/** What a packet needs of the exchange that it belongs to. */
export interface PacketHead {
  /** 8 bytes that the tracker gave us. */
  readonly connectionId: Uint8Array;
  /** 32 bits. */
  readonly transaction: number;
}

/** What a tracker says in one packet. */
export type UdpAnswer = { readonly transaction: number } & (
  | { readonly action: 'connect'; readonly connectionId: Uint8Array }
  | { readonly action: 'announce'; readonly answer: AnnounceAnswer }
  | { readonly action: 'scrape'; readonly counts: readonly ScrapeCounts[] }
  | { readonly action: 'error'; readonly message: string }
);

/** Asks for a connection id (BEP 15). */
export function encodeConnect(transaction: number): Uint8Array {
  const packet = new DataView(new ArrayBuffer(16));
  packet.setBigUint64(0, PROTOCOL);
  packet.setUint32(8, CONNECT);
  packet.setUint32(12, transaction);
  return bytesOf(packet);
}

/** An announce. `urlData`: path and query of the tracker's URL, which it may need (BEP 41). */
export function encodeAnnounce(head: PacketHead, request: AnnounceRequest, urlData: string): Uint8Array {
  const packet = new DataView(new ArrayBuffer(98));
  const bytes = bytesOf(packet);
  writeHead(packet, head, ANNOUNCE);
  bytes.set(request.infoHash, 16);
  bytes.set(request.peerId, 36);
  packet.setBigUint64(56, BigInt(request.stats.downloaded));
  packet.setBigUint64(64, BigInt(request.stats.left));
  packet.setBigUint64(72, BigInt(request.stats.uploaded));
  packet.setUint32(80, request.event ? EVENTS[request.event] : 0);
  // 84: our address, which is the packet's.
  packet.setUint32(88, request.key);
  packet.setInt32(92, request.wanted);
  packet.setUint16(96, request.port);
  return concat([bytes, encodeUrlData(urlData)]);
}

/** A scrape of up to 74 torrents. */
export function encodeScrape(head: PacketHead, infoHashes: readonly Uint8Array[]): Uint8Array {
  const packet = new DataView(new ArrayBuffer(16));
  writeHead(packet, head, SCRAPE);
  return concat([bytesOf(packet), ...infoHashes]);
}

/** Reads an answer; undefined when it is none. `family` is that of the tracker's address: it says what peers look like. */
export function decodeUdpAnswer(bytes: Uint8Array, family: 4 | 6): UdpAnswer | undefined {
  if (bytes.length < 8) return undefined;
  const packet = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const transaction = packet.getUint32(4);
  switch (packet.getUint32(0)) {
    case CONNECT:
      return bytes.length < 16
        ? undefined
        : { transaction, action: 'connect', connectionId: Uint8Array.from(bytes.subarray(8, 16)) };
    case ANNOUNCE: {
      if (bytes.length < 20) return undefined;
      const peers = bytes.subarray(20);
      const answer = {
        interval: packet.getUint32(8),
        leechers: packet.getUint32(12),
        seeds: packet.getUint32(16),
        peers: family === 4 ? decodePeers4(peers) : decodePeers6(peers),
      };
      return { transaction, action: 'announce', answer };
    }
    case SCRAPE:
      return { transaction, action: 'scrape', counts: decodeCounts(packet) };
    case ERROR:
      return { transaction, action: 'error', message: foreignText(bytes.subarray(8)) };
    default:
      return undefined;
  }
}

function decodeCounts(packet: DataView): ScrapeCounts[] {
  const counts: ScrapeCounts[] = [];
  for (let start = 8; start + 12 <= packet.byteLength; start += 12) {
    const [seeds, completed, leechers] = [0, 4, 8].map((offset) => packet.getUint32(start + offset));
    counts.push({ seeds: seeds ?? 0, completed: completed ?? 0, leechers: leechers ?? 0 });
  }
  return counts;
}

function encodeUrlData(urlData: string): Uint8Array {
  const text = new TextEncoder().encode(urlData).subarray(0, LONGEST_URL_DATA);
  const options: Uint8Array[] = [];
  for (let start = 0; start < text.length; start += LONGEST_OPTION) {
    const part = text.subarray(start, start + LONGEST_OPTION);
    options.push(Uint8Array.of(URL_DATA, part.length), part);
  }
  return concat(options);
}

function writeHead(packet: DataView, { connectionId, transaction }: PacketHead, action: number): void {
  bytesOf(packet).set(connectionId);
  packet.setUint32(8, action);
  packet.setUint32(12, transaction);
}

function bytesOf({ buffer }: DataView): Uint8Array {
  return new Uint8Array(buffer);
}
