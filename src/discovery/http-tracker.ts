import { toHex } from '../base/hex.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import { isSwarmError } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { decodeAnnounceAnswer, decodeScrapeAnswer, type TrackerRefusal } from './http-answers.ts';
import { announceUrl, scrapeUrl } from './http-tracker-url.ts';
import { MOST_SCRAPED, type TrackerClient } from './tracker-client.ts';
import { trackerFailed } from './tracker-error.ts';

const TIMEOUT_MS = 15_000;
const MOST_REDIRECTS = 5;
const LONGEST_ANSWER = 1024 * 1024;

export interface HttpTrackerOptions {
  /** Default: the global one. Decides which addresses may be asked. */
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
  readonly userAgent?: string;
}

/** Talks to trackers over HTTP (BEP 3, 7, 23, 31, 48): one request for each call, answered within 15 seconds and 1 MiB. */
export function createHttpTracker(options: HttpTrackerOptions = {}): TrackerClient {
  const { clock = systemClock } = options;

  /** `tracker` is for messages. */
  const ask = async <T>(
    tracker: string,
    url: URL,
    signal: AbortSignal,
    read: (bytes: Uint8Array) => T | TrackerRefusal,
  ): Promise<T> => {
    const late = () => trackerFailed(tracker, `it did not answer within ${TIMEOUT_MS / 1000} seconds`);
    const { response, bytes } = await withDeadline({ clock, milliseconds: TIMEOUT_MS, signal, late }, (signal) =>
      get(options, tracker, url, signal),
    );
    const answer = readAnswer(bytes, read);
    if (isRefusal(answer)) {
      throw trackerFailed(tracker, answer.failure, { retryAfterSeconds: answer.retryAfterSeconds });
    }
    if (!response.ok) {
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const retryAfterSeconds = seconds >= 0 ? seconds : undefined;
      throw trackerFailed(tracker, `it answered with status ${response.status}`, { retryAfterSeconds });
    }
    if (answer === undefined) throw trackerFailed(tracker, 'its answer cannot be read');
    return answer;
  };

  return {
    announce: async (tracker, request, signal) =>
      ask(tracker, announceUrl(tracker, request), signal, decodeAnnounceAnswer),
    scrape: async (tracker, infoHashes, signal) => {
      if (infoHashes.length > MOST_SCRAPED) throw new RangeError(`more than ${MOST_SCRAPED} info-hashes`);
      const counts = await ask(tracker, scrapeUrl(tracker, infoHashes), signal, decodeScrapeAnswer);
      return infoHashes.map((infoHash) => counts.get(toHex(infoHash)));
    },
  };
}

async function get(
  { fetch = globalThis.fetch, userAgent = 'modelswarm' }: HttpTrackerOptions,
  tracker: string,
  start: URL,
  signal: AbortSignal,
): Promise<{ readonly response: Response; readonly bytes: Uint8Array }> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const response = await reach(tracker, signal, () =>
      fetch(url, { signal, redirect: 'manual', headers: { 'user-agent': userAgent } }),
    );
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) {
      const bytes = await reach(tracker, signal, () => readBody(tracker, response));
      return { response, bytes };
    }
    await response.body?.cancel();
    if (redirects === MOST_REDIRECTS) throw trackerFailed(tracker, `more than ${MOST_REDIRECTS} redirects`);
    url = redirected(tracker, url, location);
  }
}

/** The URL may hold a key: it does not go to another scheme, nor from TLS to plain text. */
function redirected(tracker: string, from: URL, location: string): URL {
  const url = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const allowed = from.protocol === 'https:' ? /^https:$/ : /^https?:$/;
  if (!url || !allowed.test(url.protocol)) throw trackerFailed(tracker, 'it redirects to a place that is not allowed');
  return url;
}

async function readBody(tracker: string, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw trackerFailed(tracker, 'its answer is longer than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function reach<T>(tracker: string, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    signal.throwIfAborted();
    if (isSwarmError(error)) throw error;
    // The message of the error itself may have the URL in it, and that a key.
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw trackerFailed(tracker, `it could not be reached${cause}`, { cause: error });
  }
}

/** Undefined: no bencoded dictionary. */
function readAnswer<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T | undefined {
  try {
    return read(bytes);
  } catch (error) {
    if (isSwarmError(error, 'BAD_TORRENT')) return undefined;
    throw error;
  }
}

function isRefusal(answer: unknown): answer is TrackerRefusal {
  return typeof answer === 'object' && answer !== null && 'failure' in answer;
}
