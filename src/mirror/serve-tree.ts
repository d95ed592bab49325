import type { RepoRef, Revision } from '../contracts/domain.ts';
import { type Exchange, isSet } from '../http/exchange.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { entryNotFound } from '../repos/refusals.ts';
import { hubQuery } from './hub-query.ts';
import { jsonAnswer } from './json-answer.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { serveRepoDocument } from './repo-document.ts';
import { listDirectory } from './tree-items.ts';

export interface DirectoryTarget {
  readonly repo: RepoRef;
  readonly revision: Revision;
  /** '' for the root. */
  readonly path: string;
}

/**
 * `/api/{type}/{id}/tree/{rev}[/{path}]`: all in one page, since llama.cpp reads no second one, and from the same
 * listing that files are verified by. Other people's cursors lead to the empty page that ends their loops. With
 * `expand` (last commits, scan results) the Hub's own pages are passed on. Throws HUB_REFUSED (404 EntryNotFound),
 * RATE_LIMITED, UPSTREAM_*.
 */
export async function serveTree(parts: MirrorParts, exchange: Exchange, target: DirectoryTarget): Promise<Response> {
  const { caller, query, signal } = exchange;
  if (isSet(query, 'expand')) return serveExpandedTree(parts, exchange, target);
  const { tree, ...grant } = await parts.repos.tree(caller, target.repo, target.revision, signal);
  const items = listDirectory(tree, target.path, isSet(query, 'recursive'));
  if (!items) throw entryNotFound(grant.repo, grant.commit, target.path);
  const json = JSON.stringify(query.has('cursor') ? [] : items);
  return jsonAnswer(parts, exchange, {
    document: { status: 200, headers: {}, body: new TextEncoder().encode(json) },
    outcome: 'hit',
    grant,
    access: grant.access,
    revision: target.revision,
  });
}

async function serveExpandedTree(parts: MirrorParts, exchange: Exchange, target: DirectoryTarget): Promise<Response> {
  const { caller, query, signal } = exchange;
  const grant = await parts.repos.revision(caller, target.repo, target.revision, signal);
  return serveRepoDocument(parts, exchange, {
    grant,
    revision: target.revision,
    path:
      below(apiPathname(grant.repo, 'tree', grant.commit), target.path) +
      hubQuery(query, ['recursive', 'expand', 'limit', 'cursor']),
    freshFor: Number.POSITIVE_INFINITY,
  });
}

/** `/api/{type}/{id}/treesize/{rev}/{path}`, as the Hub says it. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*. */
export async function serveTreeSize(
  parts: MirrorParts,
  exchange: Exchange,
  target: DirectoryTarget,
): Promise<Response> {
  const grant = await parts.repos.revision(exchange.caller, target.repo, target.revision, exchange.signal);
  const path = below(apiPathname(grant.repo, 'treesize', grant.commit), target.path);
  return serveRepoDocument(parts, exchange, {
    grant,
    revision: target.revision,
    path,
    freshFor: Number.POSITIVE_INFINITY,
  });
}

function below(pathname: string, path: string): string {
  return path === '' ? pathname : `${pathname}/${path.split('/').map(encodeURIComponent).join('/')}`;
}
