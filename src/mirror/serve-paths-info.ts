import { createHash } from 'node:crypto';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import type { Exchange } from '../http/exchange.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { jsonAnswer } from './json-answer.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { readPathsQuestion } from './paths-question.ts';
import { serveRepoDocument } from './repo-document.ts';
import { findItems } from './tree-items.ts';

/**
 * `POST /api/{type}/{id}/paths-info/{rev}`: from the listing that files are verified by; with `expand` the Hub's own
 * answer, kept for ever since a commit pins it. Throws BAD_REQUEST, TOO_LARGE, HUB_REFUSED, RATE_LIMITED, UPSTREAM_*.
 */
export async function servePathsInfo(
  parts: MirrorParts,
  exchange: Exchange,
  repo: RepoRef,
  revision: Revision,
): Promise<Response> {
  const { caller, request, signal } = exchange;
  const { paths, expand } = await readPathsQuestion(request);
  if (expand) {
    const grant = await parts.repos.revision(caller, repo, revision, signal);
    return serveRepoDocument(parts, exchange, {
      grant,
      revision,
      path: apiPathname(grant.repo, 'paths-info', grant.commit),
      body: { paths, expand: true },
      bodyKey: createHash('sha256').update(JSON.stringify(paths)).digest('hex'),
      freshFor: Number.POSITIVE_INFINITY,
      compose: async () => {
        const listed = await parts.repos.tree(caller, grant.repo, grant.commit, signal).catch(() => undefined);
        return listed && findItems(listed.tree, paths);
      },
    });
  }
  const { tree, ...grant } = await parts.repos.tree(caller, repo, revision, signal);
  const body = new TextEncoder().encode(JSON.stringify(findItems(tree, paths)));
  return jsonAnswer(parts, exchange, {
    document: { status: 200, headers: {}, body },
    outcome: 'hit',
    grant,
    access: grant.access,
  });
}
