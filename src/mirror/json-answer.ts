import type { RepoGrant } from '../contracts/access.ts';
import type { StoredDocument } from '../contracts/catalog.ts';
import type { Revision } from '../contracts/domain.ts';
import { type CacheOutcome, cacheStatus } from '../http/cache-status.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Header } from '../http/plan-file.ts';
import { repeatUntil } from '../http/repeat-window.ts';
import { STALE_HEADERS } from '../http/stale-headers.ts';
import { rewriteLinks } from '../hub-format/rewrite-links.ts';
import type { MirrorOptions } from './mirror-options.ts';

export interface JsonAnswer {
  readonly document: Pick<StoredDocument, 'status' | 'headers' | 'body'>;
  readonly outcome: CacheOutcome;
  /** The right it is given by; undefined for answers about no repo. `access` says who may share the answer. */
  readonly grant?: RepoGrant | undefined;
  readonly access: 'public' | 'restricted';
  /** As it was asked for; left out for answers that are not worth repeating. */
  readonly revision?: Revision | undefined;
}

/** A JSON answer, and the hot table's copy of it where there may be one. */
export function jsonAnswer(options: MirrorOptions, exchange: Exchange, answer: JsonAnswer): Response {
  const { document, grant, access } = answer;
  const outcome = answer.outcome === 'hit' && grant?.stale ? 'stale' : answer.outcome;
  const isStale = outcome === 'stale' || grant?.stale === true;
  const headers = (outcome: CacheOutcome): Header[] => {
    const list: Header[] = [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Content-Length', String(document.body.length)],
      ['X-Content-Type-Options', 'nosniff'],
      ['Cache-Control', access === 'public' ? 'no-cache' : 'private, no-store'],
      ['Cache-Status', cacheStatus(outcome)],
    ];
    if (access === 'restricted') list.push(['Vary', 'Authorization']);
    if (grant) list.push(['X-Repo-Commit', grant.commit]);
    if (isStale) list.push(...STALE_HEADERS);
    const total = document.headers['x-total-count'];
    if (total !== undefined) list.push(['X-Total-Count', total]);
    return list;
  };
  const link = rewriteLinks(document.headers.link, options.hub.endpoint, ownUrl(options, exchange.request));
  const sent = headers(outcome);
  if (link) sent.push(['Link', link]);
  else if (grant && access === 'public' && !isStale && exchange.method !== 'POST' && answer.revision !== undefined) {
    const expiresAt = Math.min(grant.expiresAt, repeatUntil(answer.revision, options.clock.now()));
    options.hot?.put(exchange.target, exchange.caller.token, {
      kind: 'document',
      repo: grant.repo,
      expiresAt,
      headers: headers('hit'),
      status: document.status,
      body: Buffer.from(document.body).toString('latin1'),
    });
  }
  return new Response(exchange.method === 'HEAD' ? null : Uint8Array.from(document.body), {
    status: document.status,
    headers: sent.map(([name, value]): [string, string] => [name, value]),
  });
}

/** The address of this server for links to the client that asked. */
export function ownUrl({ publicUrl }: MirrorOptions, request: Request): string {
  return publicUrl ? publicUrl(request) : new URL(request.url).origin;
}
