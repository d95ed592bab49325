import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import { createClientAddressReader } from '../http/client-address.ts';
import { addressBytes } from '../wire/compact-peers.ts';
import { Announcement } from './announcement.ts';
import { plainAddress, plainIpv4 } from './asker.ts';
import { ConnectionIds } from './connection-ids.ts';
import type { TrackerCore } from './tracker-core.ts';

/** The number that asks for a connection id. */
const PROTOCOL_HIGH = 0x417;
const PROTOCOL_LOW = 0x27101980;
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
const ANNOUNCE_BYTES = 98;
const MOST_SCRAPED = 74;
/** Fits one packet on every path: 1,500 bytes less the headers. */
const MOST_PEERS_V4 = 200;
const MOST_PEERS_V6 = 80;
const EVENTS = ['', 'completed', 'started', 'stopped', 'paused'] as const;

/** The tracker over UDP. */
export interface UdpFront {
  readonly port: number;
  close(): Promise<void>;
}

/** Opens the tracker over UDP (BEP 15, 21, 41) on an address and port. Rejects with CONFIG when that is taken. */
export async function openUdpFront(options: {
  readonly core: TrackerCore;
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
}): Promise<UdpFront> {
  const { core, clock, port } = options;
  const host = isIP(options.host) ? options.host : await addressOfName(options.host);
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 4 * 2 ** 20, lookup: asItIs });
  // On all addresses the system does not tell at which of them a packet came in.
  const reachedAt = /^(0\.0\.0\.0|::)$/.test(host) ? undefined : addressBytes(host);
  const front = new UdpTracker(core, clock, socket, reachedAt);
  // Before it is bound, which without a look-up it is at once.
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  try {
    await listening;
  } catch (cause) {
    throw new SwarmError('CONFIG', `UDP port ${port} on ${host} cannot be opened; choose another port.`, { cause });
  }
  socket.on('error', () => {});
  socket.on('message', (packet, from) => front.take(packet, from));
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

async function addressOfName(name: string): Promise<string> {
  const found = await lookup(name).catch((cause: unknown) => {
    throw new SwarmError('CONFIG', `${name} has no address.`, { cause });
  });
  return found.address;
}

/** What is sent to is an address already; Node's look-up of it costs as much as the rest of an announce. */
function asItIs(host: string, _: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, isIPv6(host) ? 6 : 4);
}

class UdpTracker {
  readonly #core: TrackerCore;
  readonly #socket: Socket;
  readonly #ids: ConnectionIds;
  readonly #announcement = new Announcement();
  readonly #sender = new Uint8Array(18);
  readonly #addressOf = createClientAddressReader([]);

  constructor(core: TrackerCore, clock: Clock, socket: Socket, reachedAt: Uint8Array | undefined) {
    this.#core = core;
    this.#announcement.reachedAt = reachedAt;
    this.#socket = socket;
    this.#ids = new ConnectionIds(clock);
  }

  /** Answers a packet; what is none of this protocol, or has no good connection id, gets no word. */
  take(packet: Buffer, from: RemoteInfo): void {
    if (packet.length < 16) return;
    const high = packet.readUInt32BE(0);
    const low = packet.readUInt32BE(4);
    const action = packet.readUInt32BE(8);
    const transaction = packet.readUInt32BE(12);
    const sender = this.#senderOf(from);
    if (!sender) return;
    if (action === CONNECT) {
      if (high === PROTOCOL_HIGH && low === PROTOCOL_LOW) this.#connect(transaction, sender, from);
      return;
    }
    if (!this.#ids.isGood(high, low, sender)) return;
    if (action === ANNOUNCE && packet.length >= ANNOUNCE_BYTES) this.#announce(packet, transaction, from);
    else if (action === SCRAPE) this.#scrape(packet, transaction, from);
    else this.#fail(transaction, 'this cannot be read', from);
  }

  /** As long as what was asked: nobody is flooded with our help. */
  #connect(transaction: number, sender: Uint8Array, from: RemoteInfo): void {
    const [high, low] = this.#ids.create(sender);
    const answer = Buffer.allocUnsafe(16);
    answer.writeUInt32BE(CONNECT, 0);
    answer.writeUInt32BE(transaction, 4);
    answer.writeUInt32BE(high, 8);
    answer.writeUInt32BE(low, 12);
    this.#send(answer, from);
  }

  #announce(packet: Buffer, transaction: number, from: RemoteInfo): void {
    const port = packet.readUInt16BE(96);
    if (port === 0) {
      this.#fail(transaction, 'port must be a number from 1 to 65535', from);
      return;
    }
    const announcement = this.#announcement;
    announcement.infoHash.set(packet.subarray(16, 36));
    announcement.peerId.set(packet.subarray(36, 56));
    announcement.event = EVENTS[packet.readUInt32BE(80)] ?? '';
    announcement.setRole(packet.readUInt32BE(64) + packet.readUInt32BE(68));
    const isV4 = !plainAddress(from.address).includes(':');
    const most = isV4 ? MOST_PEERS_V4 : MOST_PEERS_V6;
    const wanted = packet.readInt32BE(92);
    announcement.wanted = wanted < 0 ? -1 : Math.min(most, wanted);
    announcement.ticket = ticketOf(packet);
    announcement.setAddress(this.#sender.subarray(0, isV4 ? 4 : 16), port);
    const refusal = this.#core.announce(announcement, this.#clientOf(from));
    if (refusal !== undefined) this.#fail(transaction, refusal, from);
    else this.#send(this.#announceAnswer(transaction, isV4), from);
  }

  #announceAnswer(transaction: number, isV4: boolean): Buffer {
    const { selection } = this.#core;
    const { seeders, leechers } = this.#core.counts(this.#announcement.infoHash);
    // A client reads peers of the kind of its own address (BEP 15).
    const [list, length] = isV4
      ? [selection.v4, selection.count4 * 6]
      : [selection.v6, Math.min(selection.count6, MOST_PEERS_V6) * 18];
    const answer = Buffer.allocUnsafe(20 + length);
    answer.writeUInt32BE(ANNOUNCE, 0);
    answer.writeUInt32BE(transaction, 4);
    answer.writeUInt32BE(this.#core.interval(), 8);
    answer.writeUInt32BE(leechers, 12);
    answer.writeUInt32BE(seeders, 16);
    for (let at = 0; at < length; at++) answer[20 + at] = list[at] as number;
    return answer;
  }

  #scrape(packet: Buffer, transaction: number, from: RemoteInfo): void {
    if (!this.#core.admitsScrape(this.#clientOf(from))) {
      this.#fail(transaction, 'too many requests from your address', from);
      return;
    }
    const count = Math.min(MOST_SCRAPED, Math.floor((packet.length - 16) / 20));
    const answer = Buffer.allocUnsafe(8 + 12 * count);
    answer.writeUInt32BE(SCRAPE, 0);
    answer.writeUInt32BE(transaction, 4);
    for (let index = 0; index < count; index++) {
      // A scrape has no place for a ticket.
      const counts = this.#core.publicCounts(packet.subarray(16 + index * 20, 36 + index * 20), undefined);
      answer.writeUInt32BE(counts.seeders, 8 + index * 12);
      answer.writeUInt32BE(counts.completed, 12 + index * 12);
      answer.writeUInt32BE(counts.leechers, 16 + index * 12);
    }
    this.#send(answer, from);
  }

  #fail(transaction: number, reason: string, from: RemoteInfo): void {
    const answer = Buffer.alloc(8 + reason.length);
    answer.writeUInt32BE(ERROR, 0);
    answer.writeUInt32BE(transaction, 4);
    answer.write(reason, 8, 'latin1');
    this.#send(answer, from);
  }

  /** Address and port of a packet, in compact form, valid until the next one. */
  #senderOf({ address, port }: RemoteInfo): Uint8Array | undefined {
    const text = plainAddress(address);
    const bytes = plainIpv4(text) ?? addressBytes(text.replace(/%.*/, ''));
    if (!bytes) return undefined;
    const length = bytes.length;
    this.#sender.set(bytes);
    this.#sender[length] = port >> 8;
    this.#sender[length + 1] = port & 255;
    return this.#sender.subarray(0, length + 2);
  }

  /** Whom limits count it for: IPv4 as it is, IPv6 by its network. */
  #clientOf({ address }: RemoteInfo): string {
    const text = plainAddress(address);
    return text.includes(':') ? this.#addressOf(text, undefined).client : text;
  }

  #send(answer: Buffer, from: RemoteInfo): void {
    this.#socket.send(answer, from.port, from.address);
  }
}

/** BEP 41: path and query of the announce URL come in pieces behind the announce. Of these, the ticket. */
function ticketOf(packet: Buffer): string | undefined {
  let text = '';
  for (let at = ANNOUNCE_BYTES; at < packet.length; ) {
    const type = packet[at] as number;
    if (type === 0) break;
    if (type === 1) {
      at++;
      continue;
    }
    const length = packet[at + 1] ?? 0;
    if (type === 2) text += packet.toString('latin1', at + 2, at + 2 + length);
    at += 2 + length;
  }
  return text === '' ? undefined : (/[?&]ticket=([^&]{1,500})/.exec(text)?.[1] ?? undefined);
}
