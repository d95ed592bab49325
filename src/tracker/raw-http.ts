import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientAddressReader } from '../http/client-address.ts';
import { type Asker, directAskerOf } from './asker.ts';
import type { HttpTracker } from './http-tracker.ts';

/** A connection that says nothing for so long, give or take a look, is ended. */
const IDLE_MS = 75_000;
const LOOK_MS = 15_000;
/** One that does not read its answers is not waited for. */
const MOST_QUEUED = 256 * 1024;
const ANNOUNCE = Buffer.from('GET /announce');
const SCRAPE = Buffer.from('GET /scrape');
const BLANK_LINE = Buffer.from('\r\n\r\n');
/** Headers that change how a request is read, or how it is answered. */
const TELLING = /\r\n(connection|content-length|transfer-encoding|expect|upgrade)[ \t]*:[ \t]*([^\r\n]*)/gi;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ';

/** What is to be done after a request was read. */
type Outcome = 'keep' | 'close' | 'foreign';

/** One connection. */
interface Visit {
  asker: Asker | undefined;
  /** How often it was looked at since it said something. */
  looks: number;
}

/**
 * Answers announces and scrapes straight on the socket, before Node's HTTP parser sees them: twice as many as through `node:http`, where a request and a
 * response object cost more than the tracker. It reads only what is whole and plain, as all clients send it: a GET with its headers in one piece, without a body. Everything
 * else, on the same connection or another, goes to `server` as if nothing had been here: slow, split, odd and hostile requests are Node's.
 */
export class RawHttp {
  readonly #tracker: HttpTracker;
  readonly #addressOf: ClientAddressReader;
  readonly #open = new Map<Socket, Visit>();
  readonly #looking: NodeJS.Timeout;

  /** Stands before the parser of `server` from now on. Its time-outs and its counting of connections begin where the parser does. */
  constructor(tracker: HttpTracker, server: Server, addressOf: ClientAddressReader) {
    this.#tracker = tracker;
    this.#addressOf = addressOf;
    const open = this.#open;
    const take = (socket: Socket, chunk: Buffer): Outcome => this.#take(socket, chunk);
    // Of all sockets, and not one of each for every socket: a short connection costs little more than its accept.
    function onData(this: Socket, chunk: Buffer): void {
      const outcome = take(this, chunk);
      if (outcome === 'close') leave(this);
      if (outcome === 'foreign') handOver(this, chunk);
    }
    function onError(this: Socket): void {
      this.destroy();
    }
    function onClose(this: Socket): void {
      open.delete(this);
    }
    function handOver(socket: Socket, chunk: Buffer): void {
      socket.off('data', onData).off('error', onError).off('close', onClose);
      open.delete(socket);
      socket.pause();
      socket.unshift(chunk);
      parse?.call(server, socket);
      socket.resume();
    }
    // The first listener is Node's own: it gives the connection to the parser.
    const [parse] = server.listeners('connection') as ((socket: Socket) => void)[];
    if (parse) server.off('connection', parse);
    server.on('connection', (socket: Socket) => {
      open.set(socket, { asker: undefined, looks: 0 });
      socket.on('data', onData).on('error', onError).on('close', onClose);
    });
    // A timer of its own for each would cost more than its announce.
    this.#looking = setInterval(() => this.#endIdle(), LOOK_MS);
    this.#looking.unref();
  }

  /** Ends the connections that are not the server's. */
  close(): void {
    clearInterval(this.#looking);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #endIdle(): void {
    for (const [socket, visit] of this.#open) if (++visit.looks * LOOK_MS > IDLE_MS) socket.destroy();
  }

  /** Answers the request of a chunk. */
  #take(socket: Socket, chunk: Buffer): Outcome {
    if (socket.writableLength > MOST_QUEUED) return 'close';
    // Pipelined or in pieces: rare enough for the slow way.
    const isOne = chunk.indexOf(BLANK_LINE) === chunk.length - BLANK_LINE.length;
    if (!isOne || !(startsWith(chunk, ANNOUNCE) || startsWith(chunk, SCRAPE))) return 'foreign';
    const lineEnd = chunk.indexOf(13);
    const line = chunk.toString('latin1', 4, lineEnd);
    const space = line.indexOf(' ');
    const version = line.slice(space + 1);
    if (space < 0 || (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')) return 'foreign';
    const closes = closesAfter(chunk.toString('latin1', lineEnd), version === 'HTTP/1.1');
    if (closes === undefined) return 'foreign';
    const body = this.#tracker.answer(line.slice(0, space), this.#askerOf(socket));
    if (!body) return 'foreign';
    socket.write(respond(body, closes));
    return closes ? 'close' : 'keep';
  }

  #askerOf(socket: Socket): Asker {
    const visit = this.#open.get(socket);
    const asker = visit?.asker ?? directAskerOf(this.#addressOf, socket);
    if (visit) {
      visit.asker = asker;
      visit.looks = 0;
    }
    return asker;
  }
}

/** What the kernel has taken, it delivers: then there is nothing to wait for. */
function leave(socket: Socket): void {
  if (socket.writableLength === 0) socket.destroy();
  else socket.end();
}

/** Is the connection to be closed after this request? Undefined: its headers are not plain. */
function closesAfter(headers: string, isPersistent: boolean): boolean | undefined {
  let closes = !isPersistent;
  TELLING.lastIndex = 0;
  for (let match = TELLING.exec(headers); match; match = TELLING.exec(headers)) {
    const value = match[2]?.trim().toLowerCase();
    if (match[1]?.toLowerCase() !== 'connection') return undefined;
    if (value === 'close') closes = true;
    else if (value === 'keep-alive') closes = false;
    else return undefined;
  }
  return closes;
}

function respond(body: Uint8Array, closes: boolean): Buffer {
  const head = `${HEAD}${body.length}${closes ? '\r\nConnection: close\r\n\r\n' : '\r\n\r\n'}`;
  const answer = Buffer.allocUnsafe(head.length + body.length);
  answer.write(head, 0, 'latin1');
  answer.set(body, head.length);
  return answer;
}

function startsWith(chunk: Buffer, prefix: Buffer): boolean {
  return chunk.length > prefix.length && prefix.compare(chunk, 0, prefix.length) === 0;
}
