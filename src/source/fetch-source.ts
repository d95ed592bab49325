import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { parseContentRange } from '../hub-format/content-range.ts';

/** For the headers, and then between any two chunks of the body. */
const SILENCE_MS = 20_000;

export interface FetchSourceOptions {
  readonly url: URL;
  /** Bytes of the file. */
  readonly size: number;
  /** `web-seed:host`, for status pages. */
  readonly name: string;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * A file at a URL by HTTP ranges, read with `fetch`: for browsers, which follow redirects by themselves and judge where to. Bytes are whatever the
 * server sends: whoever reads checks them. The iterator throws UPSTREAM_INVALID, UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, RATE_LIMITED, and `signal.reason`.
 */
export function createFetchSource({ url, size, name, fetch }: FetchSourceOptions): RangeSource {
  return { name, size, read: (start, end, { signal }) => readRange({ url, size, start, end, signal, fetch }) };
}

interface Wanted {
  readonly url: URL;
  readonly size: number;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
  readonly fetch: typeof globalThis.fetch;
}

async function* readRange(wanted: Wanted): AsyncGenerator<Uint8Array, void, undefined> {
  const { url, start, end, signal } = wanted;
  if (start === end) return;
  const silence = new Silence(url.host);
  let left = end - start;
  const body = await open(wanted, AbortSignal.any([signal, silence.signal])).catch((error) => {
    silence.end();
    throw failure(error, url, signal);
  });
  try {
    while (left > 0) {
      silence.begin();
      const { done, value } = await body.read();
      if (done) break;
      const part = value.subarray(0, left);
      left -= part.length;
      silence.end();
      yield part;
    }
  } catch (error) {
    throw failure(error, url, signal);
  } finally {
    silence.end();
    // Of a body that was read to its end the connection is used again.
    await body.cancel().catch(() => {});
  }
  if (left > 0) throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url.host} ended ${url.pathname} ${left} bytes early.`);
}

async function open(
  { url, size, start, end, fetch }: Wanted,
  signal: AbortSignal,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetch(url, {
    headers: { range: `bytes=${start}-${end - 1}` },
    // The bytes are kept in another place, verified.
    cache: 'no-store',
    credentials: 'omit',
    signal,
  });
  const problem = problemOf(response, { start, end, size });
  if (problem === undefined && response.body) return response.body.getReader();
  await response.body?.cancel().catch(() => {});
  throw refusal(url, response, problem ?? 'without a body');
}

/** What keeps an answer from being the wanted bytes. Other origins may hide their headers from a page: what is not seen is not judged. */
function problemOf(
  { status, headers }: Response,
  { start, end, size }: Pick<Wanted, 'start' | 'end' | 'size'>,
): string | undefined {
  if (status !== 200 && status !== 206) return `with HTTP ${status}`;
  const length = headers.get('content-length');
  // Of a compressed body it says how long that is.
  const isCoded = (headers.get('content-encoding') ?? 'identity') !== 'identity';
  const isOther = length !== null && !isCoded && Number(length) !== end - start;
  if (isOther) return 'with another number of bytes';
  const text = headers.get('content-range');
  if (status === 206 && text !== null) {
    const range = parseContentRange(text);
    const isRight = range?.start === start && range.end === end && (range.size ?? size) === size;
    return isRight ? undefined : 'with another range, or with one of a file of another size';
  }
  return status === 206 || (start === 0 && end === size) ? undefined : 'without regard to the range';
}

function refusal(url: URL, { status, headers }: Response, problem: string): SwarmError {
  const message = `${url.host} answered the request for ${url.pathname} ${problem}.`;
  const seconds = Number(headers.get('retry-after'));
  const wait = seconds > 0 ? { retryAfterSeconds: Math.min(3600, seconds) } : {};
  if (status === 429) return new SwarmError('RATE_LIMITED', message, wait);
  if (status === 408 || status >= 500) return new SwarmError('UPSTREAM_UNAVAILABLE', message, wait);
  return new SwarmError('UPSTREAM_INVALID', message);
}

function failure(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isSwarmError(error)) return error;
  return new SwarmError('UPSTREAM_UNAVAILABLE', `${url.host} cannot be read from here.`, { cause: error });
}

/** Ends a request when nothing comes for too long. */
class Silence {
  readonly #host: string;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: string) {
    this.#host = host;
    this.begin();
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  begin(): void {
    this.end();
    this.#timer = setTimeout(() => {
      const message = `${this.#host} said nothing for ${SILENCE_MS / 1000} seconds.`;
      this.#stop.abort(new SwarmError('UPSTREAM_TIMEOUT', message));
    }, SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
