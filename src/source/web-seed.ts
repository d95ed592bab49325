import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { networkError } from '../hub/network-error.ts';
import { createTargetGuard, type TargetGuard } from '../hub/target-guard.ts';
import { parseContentRange } from '../hub-format/content-range.ts';
import { NotPlain, PlainRanges } from './plain-ranges.ts';

const MOST_REDIRECTS = 5;
/** For the headers, and then between any two chunks of the body. */
const SILENCE_MS = 20_000;
const KEEP_ALIVE_MS = 20_000;
const MOST_CONNECTIONS = 16;

/** One file of a web seed. */
export interface WebSeedFile {
  readonly url: URL;
  /** Bytes of the file. */
  readonly size: number;
  /** `web-seed:host`, for status pages. */
  readonly name: string;
}

/** Connections to web seeds, shared by all torrents. */
export interface WebSeeds {
  /**
   * A file of a web seed (BEP 19) by HTTP ranges. What it redirects to must be at a public address by https, unless the seed itself is
   * not; nothing but the range is told to it. Bytes are whatever it sends: whoever reads checks them.
   * A chunk is valid until the next one is asked for: its buffer is used again.
   * The iterator throws UPSTREAM_INVALID, UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, RATE_LIMITED, and `signal.reason`.
   */
  source(file: WebSeedFile): RangeSource;
  /** Ends all connections, also those in use. */
  close(): void;
}

/** Opens no connection before it is needed. Node's own HTTP client: undici takes 100 ms to load, and its parser is slower. */
export function createWebSeeds(): WebSeeds {
  const origins = new Map<string, Origin>();

  function originOf(url: URL): Origin {
    const known = origins.get(url.origin) ?? openOrigin(url);
    origins.set(url.origin, known);
    return known;
  }

  return {
    source: ({ url, size, name }) => ({
      name,
      size,
      read: (start, end, { signal }) => readRange(originOf(url), { url, size, start, end, signal }),
    }),
    close() {
      for (const { ranges, plain, secure } of origins.values()) {
        ranges?.close();
        plain.destroy();
        secure.destroy();
      }
      origins.clear();
    },
  };
}

/** How one server, and those it redirects to, are talked to. */
interface Origin {
  readonly guard: TargetGuard;
  /** The short way, while the server's answers are of the kind that it understands; not by https. */
  ranges: PlainRanges | undefined;
  readonly plain: Agent;
  readonly secure: SecureAgent;
}

function openOrigin(url: URL): Origin {
  const guard = createTargetGuard({ endpoint: url });
  const options = {
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MS,
    maxSockets: MOST_CONNECTIONS,
    lookup: guard.lookup,
  };
  const ranges = url.protocol === 'http:' ? new PlainRanges(url, guard.lookup) : undefined;
  return { guard, ranges, plain: new Agent(options), secure: new SecureAgent(options) };
}

interface Wanted {
  readonly url: URL;
  readonly size: number;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
}

async function* readRange(origin: Origin, wanted: Wanted): AsyncGenerator<Uint8Array, void, undefined> {
  const { url, start, end, signal } = wanted;
  if (start === end) return;
  const { ranges } = origin;
  if (ranges) {
    await origin.guard.check(url);
    try {
      yield* ranges.read(url, wanted, ({ status, headers }) => {
        const found = { statusCode: status, header: (name: string) => headers.get(name) };
        return problemOf(found, wanted) === undefined;
      });
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NotPlain)) throw networkError(error, url.host);
      // A redirect, or something else for a complete client, from now on.
      ranges.close();
      origin.ranges = undefined;
    }
  }
  yield* readByClient(origin, wanted);
}

async function* readByClient(origin: Origin, wanted: Wanted): AsyncGenerator<Uint8Array, void, undefined> {
  const { url, start, end, signal } = wanted;
  let left = end - start;
  let answer: IncomingMessage | undefined;
  try {
    answer = await open(origin, wanted);
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const length = Math.min(left, chunk.length);
      left -= length;
      yield new Uint8Array(chunk.buffer, chunk.byteOffset, length);
      if (left === 0) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(error, url.host);
  } finally {
    // Of a body that was read to its end the connection is used again.
    if (left > 0) answer?.destroy();
  }
  throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url.host} ended ${where(url)} ${left} bytes early.`);
}

/** Follows redirects to an answer that has exactly the wanted bytes. */
async function open(origin: Origin, { url: from, size, start, end, signal }: Wanted): Promise<IncomingMessage> {
  let url = from;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    await origin.guard.check(url);
    const answer = await ask(origin, url, { start, end, signal });
    const { statusCode = 0, headers } = answer;
    const { location } = headers;
    if ([301, 302, 303, 307, 308].includes(statusCode) && location !== undefined && URL.canParse(location, url)) {
      answer.destroy();
      url = new URL(location, url);
      continue;
    }
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    };
    const problem = problemOf({ statusCode, header }, { start, end, size });
    if (problem === undefined) return answer;
    // An error page is not read.
    answer.destroy();
    throw refusal(url, statusCode, headers['retry-after'], problem);
  }
  throw new SwarmError('UPSTREAM_INVALID', `${from.host} redirected ${where(from)} more than ${MOST_REDIRECTS} times.`);
}

function ask(
  { plain, secure }: Origin,
  url: URL,
  { start, end, signal }: Pick<Wanted, 'start' | 'end' | 'signal'>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' };
    const asked =
      url.protocol === 'https:'
        ? secureRequest(url, { agent: secure, headers, signal })
        : request(url, { agent: plain, headers, signal });
    asked.setTimeout(SILENCE_MS, () =>
      asked.destroy(new SwarmError('UPSTREAM_TIMEOUT', `${url.host} said nothing for ${SILENCE_MS / 1000} seconds.`)),
    );
    asked.once('response', resolve);
    // For good: one may come after the answer, too, which has it then.
    asked.on('error', reject);
    asked.end();
  });
}

/** What keeps an answer from being the wanted bytes. A whole file instead of a part of it would be most of it for nothing. */
function problemOf(
  { statusCode, header }: { readonly statusCode: number; readonly header: (name: string) => string | undefined },
  { start, end, size }: { readonly start: number; readonly end: number; readonly size: number },
): string | undefined {
  const length = header('content-length');
  if (statusCode !== 200 && statusCode !== 206) return `with HTTP ${statusCode}`;
  if ((header('content-encoding') ?? 'identity') !== 'identity') return 'compressed';
  if (statusCode === 206) {
    const range = parseContentRange(header('content-range'));
    const isRight = range?.start === start && range.end === end && (range.size ?? size) === size;
    return isRight ? undefined : 'with another range, or with one of a file of another size';
  }
  const isWhole = start === 0 && end === size && (length === undefined || Number(length) === size);
  return isWhole ? undefined : 'with a file of another size, or without regard to the range';
}

function refusal(url: URL, status: number, retryAfter: string | undefined, problem: string): SwarmError {
  const message = `${url.host} answered the request for ${where(url)} ${problem}.`;
  const seconds = Number(retryAfter);
  const wait = Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: Math.min(3600, seconds) } : {};
  if (status === 429) return new SwarmError('RATE_LIMITED', message, wait);
  if (status === 408 || status >= 500) return new SwarmError('UPSTREAM_UNAVAILABLE', message, wait);
  return new SwarmError('UPSTREAM_INVALID', message);
}

/** Without the query, which may hold a signature. */
function where(url: URL): string {
  return url.pathname;
}
