import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Exchange } from '../http/exchange.ts';
import { fetchHubJson } from './hub-json.ts';
import { hubQuery } from './hub-query.ts';
import { jsonAnswer } from './json-answer.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { passThrough } from './pass-through.ts';
import { MOVING_FRESHNESS } from './repo-document.ts';

/** The lists of all repos of a type. */
const LISTS = new Set(['/api/models', '/api/datasets', '/api/spaces']);

/** Is this path a list of repos, to be searched by its query? */
export const isSearch = (pathname: string): boolean => LISTS.has(pathname.replace(/\/$/, ''));

/**
 * `/api/models?search=...`, and datasets and spaces: what anybody may see is shared for a minute, what a token adds is
 * not. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*, OFFLINE.
 */
export async function serveSearch(parts: MirrorParts, exchange: Exchange): Promise<Response> {
  if (exchange.caller.token !== undefined) return passThrough(parts, exchange);
  const path = exchange.pathname.replace(/\/$/, '') + hubQuery(exchange.query);
  const found = parts.cache.get({
    key: path,
    freshFor: MOVING_FRESHNESS,
    admit: () => parts.charge(exchange.caller.client),
    load: () => fetchHubJson(parts, { path, call: {} }),
  });
  const { document, outcome } = await leaveOnAbort(found, exchange.signal);
  return jsonAnswer(parts, exchange, { document, outcome, access: 'public' });
}
