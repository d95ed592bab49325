import type { Agent, Dispatcher } from 'undici';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { networkError } from '../hub/network-error.ts';
import { createTargetGuard, type TargetGuard } from '../hub/target-guard.ts';
import { parseContentRange } from '../hub-format/content-range.ts';

const MOST_REDIRECTS = 5;
const CONNECT_MS = 10_000;
const HEADERS_MS = 20_000;
const BODY_MS = 30_000;

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
   * The iterator throws UPSTREAM_INVALID, UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, RATE_LIMITED, and `signal.reason`.
   */
  source(file: WebSeedFile): RangeSource;
  /** Ends all connections, also those in use. */
  close(): Promise<void>;
}

/** Opens no connection before it is needed. */
export function createWebSeeds(): WebSeeds {
  const origins = new Map<string, Promise<Origin>>();

  function originOf(url: URL): Promise<Origin> {
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
    async close() {
      await Promise.all([...origins.values()].map(async (origin) => (await origin).agent.destroy()));
      origins.clear();
    },
  };
}

/** How one server is talked to. */
interface Origin {
  readonly guard: TargetGuard;
  readonly agent: Agent;
  readonly request: typeof import('undici').request;
}

/** The HTTP client is loaded when it is wanted: it has 25 MB. */
async function openOrigin(url: URL): Promise<Origin> {
  const { Agent: ConnectionPool, buildConnector, request } = await import('undici');
  const guard = createTargetGuard({ endpoint: url });
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: guard.lookup });
  return { guard, request, agent: new ConnectionPool({ connect, connections: 16, keepAliveTimeout: 20_000 }) };
}

interface Wanted {
  readonly url: URL;
  readonly size: number;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
}

async function* readRange(origin: Promise<Origin>, wanted: Wanted): AsyncGenerator<Uint8Array, void, undefined> {
  const { url, start, end, signal } = wanted;
  if (start === end) return;
  let left = end - start;
  try {
    const { body } = await open(await origin, wanted);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      yield part;
      if (left === 0) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(error, url.host);
  }
  throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url.host} ended ${where(url)} ${left} bytes early.`);
}

/** Follows redirects to an answer that has exactly the wanted bytes. */
async function open(
  { guard, agent, request }: Origin,
  { url: from, size, start, end, signal }: Wanted,
): Promise<Dispatcher.ResponseData> {
  let url = from;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    await guard.check(url);
    const answer = await request(url, {
      dispatcher: agent,
      method: 'GET',
      headers: { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' },
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
      signal,
    });
    const { statusCode, headers } = answer;
    const location = headers.location;
    if ([301, 302, 303, 307, 308].includes(statusCode) && typeof location === 'string' && URL.canParse(location, url)) {
      await answer.body.dump({ limit: 64 * 1024, signal }).catch(() => {});
      url = new URL(location, url);
      continue;
    }
    const problem = problemOf(answer, { start, end, size });
    if (problem === undefined) return answer;
    // An error page is not read to its end.
    answer.body.on('error', () => {}).destroy();
    throw refusal(url, statusCode, headers['retry-after'], problem);
  }
  throw new SwarmError('UPSTREAM_INVALID', `${from.host} redirected ${where(from)} more than ${MOST_REDIRECTS} times.`);
}

/** What keeps an answer from being the wanted bytes. A whole file instead of a part of it would be most of it for nothing. */
function problemOf(
  { statusCode, headers }: Dispatcher.ResponseData,
  { start, end, size }: { readonly start: number; readonly end: number; readonly size: number },
): string | undefined {
  const length = headers['content-length'];
  if (statusCode !== 200 && statusCode !== 206) return `with HTTP ${statusCode}`;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return 'compressed';
  if (statusCode === 206) {
    const header = headers['content-range'];
    const range = parseContentRange(typeof header === 'string' ? header : undefined);
    const isRight = range?.start === start && range.end === end && (range.size ?? size) === size;
    return isRight ? undefined : 'with another range, or with one of a file of another size';
  }
  const isWhole = start === 0 && end === size && (length === undefined || Number(length) === size);
  return isWhole ? undefined : 'with a file of another size, or without regard to the range';
}

function refusal(url: URL, status: number, retryAfter: string | string[] | undefined, problem: string): SwarmError {
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
