import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { RepoGrant } from '../contracts/access.ts';
import type { Revision } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { isOutage } from '../repos/refusals.ts';
import type { FoundDocument } from './document-cache.ts';
import { fetchHubJson } from './hub-json.ts';
import { jsonAnswer } from './json-answer.ts';
import type { MirrorParts } from './mirror-parts.ts';

/** How long an answer about something that moves (a branch, refs, counters) is as good as new, in milliseconds. */
export const MOVING_FRESHNESS = 60_000;

export interface RepoDocumentRequest {
  readonly grant: RepoGrant;
  /** As it was asked for. */
  readonly revision: Revision;
  /** Path and query below the endpoint: with the canonical name, and a commit in place of a revision. */
  readonly path: string;
  /** Makes it a POST; `bodyKey` then tells apart what the path does not. */
  readonly body?: unknown;
  readonly bodyKey?: string;
  /** Milliseconds; Infinity for what a commit pins. */
  readonly freshFor: number;
  readonly rewrite?: ((json: unknown) => unknown) | undefined;
  /** The answer when the Hub cannot be asked and nothing is stored; undefined when nothing can be said either. */
  readonly compose?: (() => Promise<unknown>) | undefined;
}

/**
 * Answers with a JSON document about a repo. Of a public repo it is fetched without a token and shared; of any other it
 * is fetched with the caller's own rights each time. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*, OFFLINE.
 */
export async function serveRepoDocument(
  parts: MirrorParts,
  exchange: Exchange,
  request: RepoDocumentRequest,
): Promise<Response> {
  const { grant, revision } = request;
  const { document, outcome } = await find(parts, exchange, request).catch(async (error: unknown) => {
    const composed = cannotAsk(error) ? await request.compose?.() : undefined;
    if (composed === undefined) throw error;
    return compose(composed, parts.clock.now());
  });
  return jsonAnswer(parts, exchange, { document, outcome, grant, revision, access: grant.access });
}

async function find(parts: MirrorParts, exchange: Exchange, request: RepoDocumentRequest): Promise<FoundDocument> {
  const { grant, path, body, bodyKey = '', freshFor, rewrite } = request;
  const { caller, signal } = exchange;
  if (grant.access === 'restricted') {
    parts.charge(caller.client);
    const call = { token: caller.token, signal, priority: 'known' } as const;
    return { document: await fetchHubJson(parts, { path, body, call }, rewrite), outcome: 'bypass' };
  }
  const found = parts.cache.get({
    key: `${path} ${bodyKey}`,
    freshFor,
    preferStored: grant.stale,
    admit: () => parts.charge(caller.client),
    load: () => fetchHubJson(parts, { path, body, call: { priority: 'known' } }, rewrite),
  });
  return leaveOnAbort(found, signal);
}

function cannotAsk(error: unknown): boolean {
  return isOutage(error) || isSwarmError(error, 'OFFLINE');
}

function compose(json: unknown, now: number): FoundDocument {
  const body = new TextEncoder().encode(JSON.stringify(json));
  return { document: { status: 200, headers: {}, body, storedAt: now }, outcome: 'stale' };
}
