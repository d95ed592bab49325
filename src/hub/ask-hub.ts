import type { HubCall } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { hubError } from '../hub-format/hub-error.ts';
import type { Answer } from './exchange.ts';
import { type HubConnection, hubUrl } from './hub-connection.ts';
import { readBytes, readJson } from './read-body.ts';
import { type FollowedAnswer, isRedirect, redirectTarget, sendFollowing } from './redirects.ts';
import { withRetries } from './retry.ts';

export interface HubQuestion {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Encoded, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
  /** What is asked for, for messages: `org/name@main config.json`. */
  readonly what: string;
  /** Stops at a redirect that says everything already. */
  readonly isEnough?: (answer: Answer) => boolean;
}

/** Error bodies are a line of text or a small JSON document. */
const ERROR_BODY_LIMIT = 64 * 1024;

/** The error that an answer of 400 or more means; takes its body. */
export async function errorFrom(hub: HubConnection, answer: Answer, what: string): Promise<SwarmError> {
  const { status, headers } = answer;
  const body = await readBytes(answer, ERROR_BODY_LIMIT, hub.clock, what).catch(() => new Uint8Array());
  return hubError({ status, headers, body: new TextDecoder().decode(body) }, what, hub.clock.now());
}

const isOutage = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/**
 * Asks the Hub something that it answers itself: redirects on its own origin followed, outages retried (GET and HEAD),
 * look-ups for unknown repos queued. Refusals (4xx) and redirects to elsewhere are answers.
 *
 * @param take makes the result of an answer, or throws; it is tried again too. It has to use up or end the body.
 * @throws SwarmError RATE_LIMITED, UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, UPSTREAM_INVALID; `signal.reason`; whatever
 * `take` throws.
 */
export function askHub<T>(
  hub: HubConnection,
  question: HubQuestion,
  call: HubCall,
  take: (followed: FollowedAnswer) => T | Promise<T>,
): Promise<T> {
  const { what } = question;
  const once = async (): Promise<T> => {
    const followed = await sendFollowing(
      hub,
      {
        url: hubUrl(hub, question.path),
        method: question.method,
        headers: question.headers,
        body: question.body,
        token: call.token,
        priority: call.priority,
        signal: call.signal,
      },
      question.isEnough,
    );
    if (isOutage(followed.answer.status)) throw await errorFrom(hub, followed.answer, what);
    return take(followed);
  };
  const patiently = (): Promise<T> =>
    withRetries(once, {
      policy: question.method === 'POST' ? { attempts: 1, totalMs: 0 } : hub.retry,
      clock: hub.clock,
      random: hub.random,
      signal: call.signal,
      onRetry: (error, waitMs) =>
        hub.logger.debug({ what, code: error.code, waitMs: Math.round(waitMs) }, 'asking the Hub again'),
    });
  return call.priority === 'known' ? patiently() : hub.gate.run(patiently, call.signal);
}

/** A JSON document of the Hub, with the answer that brought it. */
export interface HubDocument {
  readonly json: unknown;
  /** Its body has been read. */
  readonly answer: Answer;
}

/**
 * As `askHub`, for questions whose only good answer is a JSON document.
 *
 * @param limit bytes of the document.
 * @throws SwarmError HUB_REFUSED, and UPSTREAM_INVALID for any other status, for redirects to another host, and for
 * documents that are too long or no JSON.
 */
export function askHubForJson(
  hub: HubConnection,
  question: HubQuestion,
  call: HubCall,
  limit: number,
): Promise<HubDocument> {
  const { what } = question;
  return askHub(hub, question, call, async ({ answer }) => {
    if (answer.status >= 400) throw await errorFrom(hub, answer, what);
    if (answer.status !== 200) {
      answer.body.destroy();
      throw new SwarmError('UPSTREAM_INVALID', unexpected(answer, what));
    }
    return { json: await readJson(answer, limit, hub.clock, what), answer };
  });
}

/** What is wrong with an answer that is neither a success nor a refusal. */
export function unexpected(answer: Answer, what: string): string {
  const target = isRedirect(answer.status) ? ` to ${redirectTarget(answer).host}` : '';
  return `The Hub answered ${what} with HTTP ${answer.status}${target}. If it has moved, configure its new address.`;
}
