import { isSha1 } from '../base/hex.ts';
import type { RepoGrant } from '../contracts/access.ts';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import { type Exchange, isSet } from '../http/exchange.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { composeInfo } from './compose-info.ts';
import { hubQuery } from './hub-query.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { MOVING_FRESHNESS, serveRepoDocument } from './repo-document.ts';

/** What the Hub varies a repo's description by. */
const PARAMETERS = ['blobs', 'expand', 'expand[]', 'full', 'securityStatus'];

/**
 * `/api/{type}/{id}[/revision/{rev}]`. Asked of the Hub at the commit that `repos` names for the revision, so that the
 * `sha` in it is the one that files are served from. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*.
 */
export async function serveInfo(
  parts: MirrorParts,
  exchange: Exchange,
  repo: RepoRef,
  revision: Revision,
): Promise<Response> {
  const { caller, query, signal } = exchange;
  const grant = await parts.repos.revision(caller, repo, revision, signal);
  return serveRepoDocument(parts, exchange, {
    grant,
    revision,
    path: apiPathname(grant.repo, 'revision', grant.commit) + hubQuery(query, PARAMETERS),
    freshFor: isSha1(revision) ? Number.POSITIVE_INFINITY : MOVING_FRESHNESS,
    compose: () => composeFromTree(parts, exchange, grant),
  });
}

/** Files suffice to download a repo, so its description need not be stored for that. */
async function composeFromTree(parts: MirrorParts, exchange: Exchange, grant: RepoGrant): Promise<unknown> {
  const { caller, query, signal } = exchange;
  if (grant.access !== 'public') return undefined;
  const listed = await parts.repos.tree(caller, grant.repo, grant.commit, signal).catch(() => undefined);
  return listed && composeInfo(listed.tree, isSet(query, 'blobs'));
}
