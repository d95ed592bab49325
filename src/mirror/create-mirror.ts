import type { Caller } from '../contracts/access.ts';
import type { RepoRef } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import { plainError } from '../http/error-response.ts';
import { type Exchange, readExchange } from '../http/exchange.ts';
import { parseHubPath } from '../hub-format/hub-path.ts';
import type { HubRoute } from '../hub-format/hub-route.ts';
import { DocumentCache } from './document-cache.ts';
import type { MirrorOptions } from './mirror-options.ts';
import type { MirrorParts } from './mirror-parts.ts';
import { passThrough } from './pass-through.ts';
import { createQuestionBudget } from './question-budget.ts';
import { serveFile } from './serve-file.ts';
import { serveInfo } from './serve-info.ts';
import { servePathsInfo } from './serve-paths-info.ts';
import { serveRaw } from './serve-raw.ts';
import { serveCommits, serveRefs } from './serve-refs.ts';
import { isSearch, serveSearch } from './serve-search.ts';
import { serveTree, serveTreeSize } from './serve-tree.ts';

/** Longest URL that is looked at, in characters. */
const MAX_URL_LENGTH = 8192;

/**
 * Answers a request of the Hub's URL space for this caller. Resolves with undefined when the path is not one of the
 * Hub's; throws SwarmError for everything that goes wrong (frameRequest makes answers of those).
 */
export type Mirror = (request: Request, caller: Caller) => Promise<Response | undefined>;

/** The Hub's URL space for models, datasets and spaces, from what is held and what the Hub says. */
export function createMirror(options: MirrorOptions): Mirror {
  const { documents, clock, offline = false } = options;
  const cache = new DocumentCache({ documents, clock, offline });
  const parts: MirrorParts = { ...options, cache, charge: createQuestionBudget(clock, options.questions) };
  return async (request, caller) => {
    const exchange = readExchange(request, caller);
    const isApi = exchange.pathname.startsWith('/api/');
    if (exchange.target.length > MAX_URL_LENGTH) {
      return plainError(
        414,
        'TOO_LARGE',
        `The URL is longer than ${MAX_URL_LENGTH} characters`,
        isApi ? 'api' : 'file',
      );
    }
    const route = parseHubPath(exchange.pathname);
    if (route.route === 'unknown' && !isApi) return undefined;
    const takes = route.route === 'paths-info' ? 'POST' : 'GET, HEAD';
    if (!takes.split(', ').includes(request.method)) {
      const answer = plainError(405, undefined, `This mirror takes ${takes} here`, isApi ? 'api' : 'file');
      answer.headers.set('Allow', `${takes}, OPTIONS`);
      return answer;
    }
    return dispatch(parts, exchange, route);
  };
}

async function dispatch(parts: MirrorParts, exchange: Exchange, route: HubRoute): Promise<Response> {
  switch (route.route) {
    case 'resolve':
    case 'resolve-cache':
      return serveFile(parts, exchange, { ...route, revision: revisionOf(route.revision) });
    case 'raw':
      return serveRaw(parts, exchange, { ...route, revision: revisionOf(route.revision) });
    case 'info':
      return serveInfo(parts, exchange, route.repo, 'main');
    case 'revision':
      return serveInfo(parts, exchange, route.repo, revisionOf(route.revision));
    case 'tree':
      return serveTree(parts, exchange, { ...route, revision: revisionOf(route.revision) });
    case 'treesize':
      return serveTreeSize(parts, exchange, { ...route, revision: revisionOf(route.revision) });
    case 'paths-info':
      return servePathsInfo(parts, exchange, route.repo, revisionOf(route.revision));
    case 'refs':
      return serveRefs(parts, exchange, route.repo);
    case 'commits':
      return serveCommits(parts, exchange, route.repo, revisionOf(route.revision));
    case 'xet-read-token':
      return plainError(404, 'EntryNotFound', NO_XET, 'api');
    case 'auth-check':
      await admit(parts, exchange, route.repo);
      return passThrough(parts, exchange);
    case 'unknown':
      if (isSearch(exchange.pathname)) return serveSearch(parts, exchange);
      if (route.repo) await admit(parts, exchange, route.repo);
      return passThrough(parts, exchange);
  }
}

const NO_XET =
  'This mirror serves files over plain HTTP, without Xet. A client that asks for a Xet token has kept listings from ' +
  'before: set HF_HUB_DISABLE_XET=1, or clear its cache of trees.';

/** JavaScript clients ask for `HEAD` where they mean the default branch, which the Hub calls `main` everywhere. */
const revisionOf = (revision: string): string => (revision === 'HEAD' ? 'main' : revision);

/**
 * Lets a question about a repo pass only as the rules for repos allow: the operator's, the Hub's for this caller, and
 * the budget for made-up names.
 */
async function admit({ repos }: MirrorParts, { caller, signal }: Exchange, repo: RepoRef): Promise<void> {
  await repos.revision(caller, repo, 'main', signal).catch((error: unknown) => {
    if (!isSwarmError(error) || error.hub?.errorCode !== 'RevisionNotFound') throw error;
  });
}
