import type { RepoRef, Revision } from '../contracts/domain.ts';
import { type Exchange, isSet } from '../http/exchange.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { parseRepoRefs } from '../hub-format/repo-refs.ts';
import { hubQuery } from './hub-query.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { MOVING_FRESHNESS, serveRepoDocument } from './repo-document.ts';

/**
 * `/api/{type}/{id}/refs`, with every list that clients subscript; while the Hub cannot be asked, at least the main
 * branch as it was last seen. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*.
 */
export async function serveRefs(parts: MirrorParts, exchange: Exchange, repo: RepoRef): Promise<Response> {
  const { caller, query, signal } = exchange;
  const withPulls = isSet(query, 'include_prs');
  const grant = await parts.repos.revision(caller, repo, 'main', signal);
  return serveRepoDocument(parts, exchange, {
    grant,
    revision: 'main',
    path: `${apiPathname(grant.repo, 'refs')}${withPulls ? '?include_prs=1' : ''}`,
    freshFor: MOVING_FRESHNESS,
    rewrite: (json) => withPullRequests(parseRepoRefs(json, repoName(grant.repo))),
    compose: async () => {
      const main = { name: 'main', ref: 'refs/heads/main', targetCommit: grant.commit };
      return withPullRequests({ branches: [main], tags: [], converts: [] });
    },
  });

  function withPullRequests(refs: object): object {
    return withPulls ? { pullRequests: [], ...refs } : refs;
  }
}

/** `/api/{type}/{id}/commits/{rev}`, page by page as the Hub has them. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*. */
export async function serveCommits(
  parts: MirrorParts,
  exchange: Exchange,
  repo: RepoRef,
  revision: Revision,
): Promise<Response> {
  const { caller, query, signal } = exchange;
  const grant = await parts.repos.revision(caller, repo, revision, signal);
  const path = apiPathname(grant.repo, 'commits', grant.commit) + hubQuery(query, ['p', 'limit', 'expand', 'expand[]']);
  return serveRepoDocument(parts, exchange, { grant, revision, path, freshFor: Number.POSITIVE_INFINITY });
}
