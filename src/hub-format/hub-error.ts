import { isSha1 } from '../base/hex.ts';
import { type HubRefusal, SwarmError } from '../errors.ts';
import { parseRateLimit } from './rate-limit.ts';
import { parseRetryAfter } from './retry-after.ts';

/** An answer of the Hub that is not a success. */
export interface HubErrorAnswer {
  /** 400 to 599 */
  readonly status: number;
  readonly headers: Headers;
  /** The body as text, as far as it was read; '' for HEAD. */
  readonly body: string;
}

/** The words by which clients recognise a bad token; a 401 with them is not about the repo. */
const BAD_TOKEN = 'Invalid credentials in Authorization header';

const DEFAULT_MESSAGES: Readonly<Record<number, string>> = {
  401: 'Invalid username or password.',
  403: 'Access denied',
  404: 'Not found',
};

/** One line, of a length that fits into a header and a log. */
function tidy(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, 1000);
}

/** The text of a JSON error body: `{"error": "..."|["..."]}` or `{"errors": [{"message": "..."}]}`. */
function jsonMessage(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return '';
  }
  if (typeof json !== 'object' || json === null) return '';
  const { error, errors } = json as { error?: unknown; errors?: unknown };
  const messages = [error, errors].flat().map((item) => {
    if (typeof item === 'string') return item;
    const message = typeof item === 'object' && item !== null ? (item as { message?: unknown }).message : undefined;
    return typeof message === 'string' ? message : '';
  });
  return messages.filter((message) => message !== '').join(' ');
}

function messageOf(answer: HubErrorAnswer): string {
  const plain = answer.headers.get('content-type')?.startsWith('text/plain') ? answer.body : '';
  const said = answer.headers.get('x-error-message') || jsonMessage(answer.body) || plain;
  return tidy(said) || (DEFAULT_MESSAGES[answer.status] ?? `HTTP ${answer.status}`);
}

function refusal(answer: HubErrorAnswer): HubRefusal {
  const { status, headers } = answer;
  const message = messageOf(answer);
  const said = headers.get('x-error-code') ?? '';
  let errorCode = /^[A-Za-z0-9]{1,64}$/.test(said) ? said : undefined;
  // The Hub answers a bare 401 for a repo that is missing or private. Clients read it as "no such repo" only when the
  // URL is https, so the code is written out for those that talk to a mirror over http.
  if (status === 401 && errorCode === undefined && !message.startsWith(BAD_TOKEN)) errorCode = 'RepoNotFound';
  const wwwAuthenticate = tidy(headers.get('www-authenticate') ?? '');
  const commit = headers.get('x-repo-commit');
  return {
    status,
    message,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(wwwAuthenticate === '' ? {} : { wwwAuthenticate }),
    ...(isSha1(commit) ? { commit } : {}),
  };
}

/** Seconds to wait, from `Retry-After`, else from the exhausted item of `RateLimit` and one second more. */
function retryAfter(headers: Headers, now: number): number | undefined {
  const asked = parseRetryAfter(headers.get('retry-after'), now);
  if (asked !== undefined) return asked;
  const limits = parseRateLimit(headers.get('ratelimit'));
  const limit = limits.find(({ remaining }) => remaining === 0) ?? limits[0];
  return limit && limit.resetSeconds + 1;
}

/**
 * The error for an answer of 400 or more: HUB_REFUSED with the Hub's own words for 4xx, RATE_LIMITED for 429,
 * UPSTREAM_TIMEOUT for 408 and 504, UPSTREAM_UNAVAILABLE for the other 5xx.
 *
 * @param what what was asked for ("models/a/b@main config.json"), for the message.
 * @param now milliseconds since the epoch, for dates in `Retry-After`.
 */
export function hubError(answer: HubErrorAnswer, what: string, now: number): SwarmError {
  const { status, headers } = answer;
  const seconds = retryAfter(headers, now);
  const later = seconds === undefined ? {} : { retryAfterSeconds: seconds };
  if (status === 429) {
    return new SwarmError('RATE_LIMITED', `The Hub's rate limit is used up; ${what} has to wait.`, later);
  }
  if (status === 408 || status === 504) {
    return new SwarmError('UPSTREAM_TIMEOUT', `The Hub timed out (HTTP ${status}) on ${what}.`, later);
  }
  if (status >= 500) {
    return new SwarmError('UPSTREAM_UNAVAILABLE', `The Hub failed (HTTP ${status}) on ${what}.`, later);
  }
  const hub = refusal(answer);
  const code = hub.errorCode === undefined ? '' : ` ${hub.errorCode}`;
  return new SwarmError('HUB_REFUSED', `The Hub refused ${what}: ${hub.message} (${status}${code})`, { hub });
}
