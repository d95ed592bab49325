import type { LookupFunction } from 'node:net';
import { SwarmError } from '../errors.ts';
import { RangeSocket } from './range-socket.ts';

const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_MS = 20_000;
const MOST_IDLE = 8;
const IDLE_MS = 15_000;

/** What an answer begins with. */
export interface PlainHead {
  readonly status: number;
  /** Names in lower case; of several the last. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Is it an answer that this reader can read? Of others it says so, and the connection is closed. */
export type Judge = (head: PlainHead) => boolean;

/** The answer is of a kind that this reader leaves to a complete client: a redirect, an error, chunks. */
export class NotPlain extends Error {
  override readonly name = 'NotPlain';
}

/**
 * Ranges of files over plain HTTP/1.1 from one server: just enough of it for a server that answers ranges, because bytes go from the socket into one
 * buffer that is used again. Node's own client and undici make a new one for each 64 KiB, which on this path costs a third of the speed.
 */
export class PlainRanges {
  readonly #host: string;
  readonly #port: number;
  readonly #lookup: LookupFunction;
  readonly #idle = new Map<RangeSocket, NodeJS.Timeout>();
  readonly #used = new Set<RangeSocket>();

  constructor(url: URL, lookup: LookupFunction) {
    this.#host = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = Number(url.port || 80);
    this.#lookup = lookup;
  }

  /**
   * The body of a GET of bytes `[start, end)`; each part is valid until the next is asked for. Throws NotPlain when `isGood` says no, or
   * there is no length; UPSTREAM_*, `signal.reason`.
   */
  async *read(
    url: URL,
    range: { readonly start: number; readonly end: number; readonly signal: AbortSignal },
    isGood: Judge,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { start, end, signal } = range;
    signal.throwIfAborted();
    let socket = this.#take();
    const onAbort = (): void => socket.close(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let isOver = false;
    try {
      const text = requestFor(url, start, end);
      const { head, rest } = await askOn(socket, text).catch((error: unknown) => {
        // The server may have closed it while it was idle.
        if (!socket.wasUsed || signal.aborted || error instanceof NotPlain) throw error;
        this.#used.delete(socket);
        socket = this.#open();
        return askOn(socket, text);
      });
      socket.wasUsed = true;
      let left = bodyLength(head);
      if (left !== end - start || !isGood(head)) throw new NotPlain();
      for (let bytes = rest; ; bytes = await socket.next()) {
        if (bytes.length > left)
          throw new SwarmError('UPSTREAM_INVALID', `${this.#host} sent more than its answer has.`);
        left -= bytes.length;
        if (bytes.length > 0) yield bytes;
        if (left === 0) break;
      }
      isOver = head.headers.get('connection')?.toLowerCase() !== 'close';
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#used.delete(socket);
      if (isOver) this.#keep(socket);
      else socket.close();
    }
  }

  close(): void {
    for (const socket of [...this.#used, ...this.#idle.keys()]) socket.close();
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
  }

  #take(): RangeSocket {
    for (const [idle, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(idle);
      if (!idle.isOpen) continue;
      idle.isIdle = false;
      this.#used.add(idle);
      return idle;
    }
    return this.#open();
  }

  #open(): RangeSocket {
    const socket = new RangeSocket(this.#host, this.#port, this.#lookup);
    this.#used.add(socket);
    return socket;
  }

  #keep(socket: RangeSocket): void {
    if (this.#idle.size >= MOST_IDLE) {
      socket.close();
      return;
    }
    socket.isIdle = true;
    const timer = setTimeout(() => {
      this.#idle.delete(socket);
      socket.close();
    }, IDLE_MS);
    timer.unref();
    this.#idle.set(socket, timer);
  }
}

function requestFor({ host, pathname, search }: URL, start: number, end: number): string {
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nRange: bytes=${start}-${end - 1}\r\nAccept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n`;
}

async function askOn(
  socket: RangeSocket,
  request: string,
): Promise<{ readonly head: PlainHead; readonly rest: Uint8Array }> {
  socket.send(request);
  return await readHead(socket);
}

/** Reads up to the empty line. `rest`: what came of the body with it; valid until the next read. */
async function readHead(socket: RangeSocket): Promise<{ readonly head: PlainHead; readonly rest: Uint8Array }> {
  const timer = setTimeout(
    () => socket.close(new SwarmError('UPSTREAM_TIMEOUT', 'The web seed did not answer in time.')),
    HEADERS_MS,
  );
  try {
    let text = '';
    for (;;) {
      const bytes = await socket.next();
      const before = text.length;
      text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', 0, MOST_HEADER_BYTES);
      const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
      if (end >= 0) return { head: parseHead(text.slice(0, end)), rest: bytes.subarray(end + 4 - before) };
      if (text.length >= MOST_HEADER_BYTES) throw new NotPlain();
    }
  } finally {
    clearTimeout(timer);
  }
}

function parseHead(text: string): PlainHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (!Number.isInteger(status)) throw new NotPlain();
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status, headers };
}

function bodyLength({ headers }: PlainHead): number {
  const length = headers.get('content-length') ?? '';
  if (headers.has('transfer-encoding') || !/^\d{1,16}$/.test(length)) throw new NotPlain();
  return Number(length);
}
