import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../contracts/clock.ts';
import type { PeerRole } from '../contracts/swarm-state.ts';
import type { ClientAddressReader } from '../http/client-address.ts';
import type { TrackerCore } from './tracker-core.ts';
import { type SocketLimits, WsConnection } from './ws-connection.ts';
import {
  announceAnswer,
  bytesOfId,
  failure,
  parseWsMessage,
  relayed,
  type WsAnnounce,
  type WsMessage,
  wsScrapeAnswer,
} from './ws-messages.ts';

/** Twenty offers with all their candidates have 100 KB. */
const LONGEST_MESSAGE = 256 * 1024;
/** A socket that has not answered two pings is gone. */
const PING_MS = 45_000;
/** WebSocket close codes (RFC 6455, section 7.4). */
const POLICY = 1008;
const GOING_AWAY = 1001;
const GOODBYE_MS = 100;

export interface WsFrontOptions {
  readonly core: TrackerCore;
  readonly clock: Clock;
  readonly addressOf: ClientAddressReader;
  /** Pages that may use it, as `https://example.org`. None: all may. */
  readonly origins: readonly string[];
  readonly limits: SocketLimits | undefined;
  /** Sockets from one address at a time. */
  readonly mostSocketsPerClient: number;
}

/** The tracker over WebSocket, as WebTorrent clients speak to it: browsers meet by offers and answers that are passed on. */
export class WsFront {
  readonly #options: WsFrontOptions;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: LONGEST_MESSAGE, perMessageDeflate: false });
  readonly #connections = new Map<number, WsConnection>();
  readonly #perClient = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #chosen: number[] = [];
  // Ids as bytes, used again.
  readonly #hash = new Uint8Array(20);
  readonly #id = new Uint8Array(20);
  #lastNumber = 0;

  constructor(options: WsFrontOptions) {
    this.#options = options;
    void this.#pingForever();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes an upgrade request; it must be for this tracker. */
  upgrade(incoming: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { headers, socket: connection, url = '' } = incoming;
    const forwarded = headers['x-forwarded-for'];
    const { client } = this.#options.addressOf(
      connection.remoteAddress,
      typeof forwarded === 'string' ? forwarded : forwarded?.join(','),
    );
    const refusal = this.#refusal(headers.origin, client);
    if (refusal !== undefined) {
      refuse(stream, refusal);
      return;
    }
    this.#server.handleUpgrade(incoming, stream, head, (socket) => {
      const ticket = /[?&]ticket=([^&]{1,500})/.exec(url)?.[1];
      this.#open(socket, stream, client, ticket);
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const connection of this.#connections.values()) connection.close(GOING_AWAY, 'the tracker is closing');
    // Time for the word to go out; this timer holds the process.
    if (this.#connections.size > 0) await setTimeout(GOODBYE_MS);
    for (const connection of this.#connections.values()) connection.end();
    this.#server.close();
  }

  #refusal(origin: string | undefined, client: string): string | undefined {
    const { origins, limits, mostSocketsPerClient } = this.#options;
    if (origins.length > 0 && origin !== undefined && !origins.includes(origin)) return '403 Forbidden';
    const count = this.#perClient.get(client) ?? 0;
    return limits && count >= mostSocketsPerClient ? '429 Too Many Requests' : undefined;
  }

  #open(socket: WebSocket, stream: Duplex, client: string, ticket: string | undefined): void {
    const { limits, clock } = this.#options;
    const number = this.#freeNumber();
    const connection = new WsConnection({ number, client, ticket, socket, stream, limits, clock });
    this.#connections.set(number, connection);
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#message(connection, data, isBinary));
    socket.on('pong', () => connection.isThere());
    socket.on('error', () => {});
    socket.on('close', () => this.#closed(connection));
  }

  #freeNumber(): number {
    do this.#lastNumber = (this.#lastNumber % 0xfffffffe) + 1;
    while (this.#connections.has(this.#lastNumber));
    return this.#lastNumber;
  }

  #closed(connection: WsConnection): void {
    const { state } = this.#options.core.options;
    this.#connections.delete(connection.number);
    const left = (this.#perClient.get(connection.client) ?? 1) - 1;
    if (left > 0) this.#perClient.set(connection.client, left);
    else this.#perClient.delete(connection.client);
    for (const key of connection.joined)
      state.part(bytesOfId(key, this.#hash), bytesOfId(key.slice(20), this.#id), connection.number);
  }

  #message(connection: WsConnection, data: Buffer, isBinary: boolean): void {
    if (!connection.admits()) {
      connection.close(POLICY, 'too many messages');
      return;
    }
    const message = parseWsMessage(data.toString('utf8'));
    // Text is what the protocol is in; what is no message at all does not come from a client.
    if (isBinary || (message.kind === 'wrong' && message.infoHash === undefined)) {
      const reason = message.kind === 'wrong' ? message.reason : 'messages must be text';
      connection.send(failure('announce', reason, undefined));
      connection.close(POLICY, reason);
      return;
    }
    this.#take(connection, message);
  }

  #take(connection: WsConnection, message: WsMessage): void {
    switch (message.kind) {
      case 'announce':
        this.#announce(connection, message);
        break;
      case 'answer':
        this.#answer(connection, message);
        break;
      case 'scrape':
        this.#scrape(connection, message.infoHashes);
        break;
      case 'wrong':
        connection.send(failure('announce', message.reason, message.infoHash));
    }
  }

  #announce(connection: WsConnection, message: WsAnnounce): void {
    const { core } = this.#options;
    const { infoHash } = message;
    core.counters.announces++;
    const reason = message.event === 'stopped' ? this.#part(connection, message) : this.#join(connection, message);
    if (reason !== undefined) {
      connection.send(failure('announce', reason, infoHash));
      return;
    }
    const counts = core.counts(this.#hash);
    const hasOffers = message.event !== 'stopped' && message.offers.length > 0;
    const introduced = hasOffers ? this.#relayOffers(connection, message) : undefined;
    connection.send(announceAnswer(infoHash, counts, core.interval(), introduced));
  }

  #part(connection: WsConnection, { infoHash, peerId }: WsAnnounce): undefined {
    const { state } = this.#options.core.options;
    state.part(bytesOfId(infoHash, this.#hash), bytesOfId(peerId, this.#id), connection.number);
    connection.joined.delete(infoHash + peerId);
  }

  /** Returns why not. */
  #join(connection: WsConnection, message: WsAnnounce): string | undefined {
    const { core, limits } = this.#options;
    const { state, policy } = core.options;
    const { infoHash, peerId, event } = message;
    bytesOfId(infoHash, this.#hash);
    bytesOfId(peerId, this.#id);
    if (!policy.admits(connection.client)) return core.limited();
    const refusal = policy.refusal(this.#hash, connection.ticket);
    if (refusal !== undefined) return core.refused(refusal);
    const key = infoHash + peerId;
    const isNew = !connection.joined.has(key);
    if (isNew && limits && connection.joined.size >= limits.swarms)
      return core.refused('too many torrents in one socket');
    if (isNew && !policy.admitsNewcomer(connection.client)) return core.limited();
    const peer = { infoHash: this.#hash, peerId: this.#id, connection: connection.number };
    if (!state.join({ ...peer, role: roleOf(message), hasCompleted: event === 'completed' })) {
      const owner = this.#connections.get(state.connectionOf(this.#hash, this.#id));
      if (!owner) return core.refused('this tracker is full');
      // It may be a connection of the same client that is dead without our knowing.
      owner.check();
      return core.refused('this peer id is in use by another connection');
    }
    connection.joined.add(key);
    return undefined;
  }

  /** Returns how many were passed on. */
  #relayOffers(connection: WsConnection, message: WsAnnounce): number {
    const { core } = this.#options;
    const { infoHash, peerId, offers, wanted } = message;
    this.#chosen.length = 0;
    const most = Math.min(offers.length, wanted);
    core.options.state.selectConnections(this.#hash, this.#id, roleOf(message), most, this.#chosen);
    let next = 0;
    for (const number of this.#chosen) {
      const other = this.#connections.get(number);
      // Two clients of one page share its socket, and find one another by it.
      if (!other || (other !== connection && connection.wasIntroduced(number))) continue;
      const one = offers[next++];
      if (!one) break;
      other.introduce(connection.number);
      core.counters.offers++;
      other.send(relayed('offer', infoHash, peerId, one.offerId, one.offer));
    }
    return Math.min(next, offers.length);
  }

  #answer(connection: WsConnection, message: Extract<WsMessage, { kind: 'answer' }>): void {
    const { core } = this.#options;
    const { infoHash, peerId, toPeerId, offerId, answer } = message;
    if (!connection.joined.has(infoHash + peerId)) {
      connection.send(failure('announce', 'announce before you answer', infoHash));
      return;
    }
    const number = core.options.state.connectionOf(bytesOfId(infoHash, this.#hash), bytesOfId(toPeerId, this.#id));
    // Whoever it is for may have left.
    const other = this.#connections.get(number);
    if (!other) return;
    core.counters.answers++;
    other.send(relayed('answer', infoHash, peerId, offerId, answer));
  }

  #scrape(connection: WsConnection, infoHashes: readonly string[]): void {
    const { core } = this.#options;
    if (!core.admitsScrape(connection.client)) {
      connection.send(failure('scrape', core.limited(), undefined));
      return;
    }
    const files = infoHashes.map(
      (hash) => [hash, core.publicCounts(bytesOfId(hash, this.#hash), connection.ticket)] as const,
    );
    connection.send(wsScrapeAnswer(files));
  }

  async #pingForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#options.clock.sleep(PING_MS, signal).catch(() => {});
      if (signal.aborted) return;
      for (const connection of this.#connections.values()) connection.check();
    }
  }
}

function roleOf({ left, event }: WsAnnounce): PeerRole {
  if (left === 0) return 'seed';
  return event === 'paused' ? 'partialSeed' : 'leecher';
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  stream.on('error', () => {});
}
