import { SwarmError } from '../errors.ts';
import type { Answer } from './exchange.ts';
import { type HubConnection, type HubRequest, isOnHub, send } from './hub-connection.ts';

/** Redirects in a row that are followed. */
export const MAX_REDIRECTS = 5;

/** The last answer, and the redirects before it. */
export interface FollowedAnswer {
  readonly answer: Answer;
  /** In order; their bodies are gone. */
  readonly hops: readonly Answer[];
}

/** Is this an answer that sends us elsewhere? 304 is not. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * Where a redirect leads.
 *
 * @throws SwarmError UPSTREAM_INVALID when it does not say, or not by a URL of http or https.
 */
export function redirectTarget(answer: Answer): URL {
  const location = answer.headers.get('location') ?? '';
  if (location === '' || !URL.canParse(location, answer.url)) {
    throw new SwarmError('UPSTREAM_INVALID', `${answer.url.host} redirected without a usable Location.`);
  }
  const target = new URL(location, answer.url);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new SwarmError('UPSTREAM_INVALID', `${answer.url.host} redirected to a URL that is not https.`);
  }
  return target;
}

/**
 * Sends a request and follows redirects on the Hub's own origin, query kept. A redirect to any other origin is returned
 * as the answer: whether to go there is for the caller to say.
 *
 * @param isEnough stops at a redirect that says everything already.
 * @throws SwarmError UPSTREAM_INVALID after five redirects in a row, or for a redirect that would change the method;
 * and what `send` throws.
 */
export async function sendFollowing(
  hub: HubConnection,
  request: HubRequest,
  isEnough: (answer: Answer) => boolean = () => false,
): Promise<FollowedAnswer> {
  const hops: Answer[] = [];
  let url = request.url;
  for (;;) {
    const answer = await send(hub, { ...request, url });
    if (!isRedirect(answer.status) || isEnough(answer)) return { answer, hops };
    try {
      url = redirectTarget(answer);
      if (!isOnHub(hub, url)) return { answer, hops };
      if (hops.length === MAX_REDIRECTS) {
        throw new SwarmError('UPSTREAM_INVALID', `${url.host} redirects in circles, from ${request.url.pathname}.`);
      }
      if (request.method === 'POST' && answer.status !== 307 && answer.status !== 308) {
        throw new SwarmError('UPSTREAM_INVALID', `${url.host} redirected a POST to ${request.url.pathname} away.`);
      }
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
    answer.body.discard();
    hops.push(answer);
  }
}
