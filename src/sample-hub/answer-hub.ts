import { BAD_TOKEN, missingRepo, missingRevision, refuseMetadata } from './access.ts';
import { type Answer, redirectAnswer, refusalAnswer } from './answer.ts';
import { preflightAnswer } from './cors.ts';
import type { HubRequest, RepoRequest } from './hub-state.ts';
import type { RouteKind } from './route.ts';
import { answerAuthCheck, answerWhoami } from './routes/account.ts';
import { answerCommits } from './routes/commits.ts';
import { answerBlob, answerManifest } from './routes/ollama.ts';
import { answerPathsInfo } from './routes/paths-info.ts';
import { answerRaw } from './routes/raw.ts';
import { answerRefs } from './routes/refs.ts';
import { answerRepoInfo } from './routes/repo-info.ts';
import { answerRepoList } from './routes/repo-list.ts';
import { answerResolve, answerResolveCache } from './routes/resolve.ts';
import { answerTree, answerTreeSize } from './routes/tree.ts';
import { answerXetReadToken } from './routes/xet-read-token.ts';

/** Routes of a repo at a commit. */
const REPO_ROUTES: Partial<Record<RouteKind, (request: RepoRequest) => Answer | Promise<Answer>>> = {
  resolve: answerResolve,
  'resolve-cache': answerResolveCache,
  raw: answerRaw,
  info: answerRepoInfo,
  tree: answerTree,
  treesize: answerTreeSize,
  'paths-info': answerPathsInfo,
  refs: answerRefs,
  commits: answerCommits,
  'auth-check': answerAuthCheck,
  'xet-read-token': answerXetReadToken,
  manifest: answerManifest,
  blob: answerBlob,
};

/** Answers a request to the hub: token, route, repo, access, revision, in the Hub's order. */
export async function answerHub(request: HubRequest, hasBadToken: boolean): Promise<Answer> {
  const { hub, route, method, account } = request;
  const format = isFileRoute(route.kind) ? 'text' : 'json';
  if (method === 'OPTIONS') return preflightAnswer();
  if (hasBadToken) return refusalAnswer(BAD_TOKEN, format);
  const allowed = route.kind === 'paths-info' ? ['POST'] : ['GET', 'HEAD'];
  if (!allowed.includes(method)) return notFound();
  if (route.kind === 'whoami') return answerWhoami(request);
  if (!route.repo) return notFound();
  if (route.kind === 'list') return answerRepoList(request, route.repo.type);
  const repo = hub.repos.find(route.repo.type, route.repo.id);
  if (!repo) return refusalAnswer(missingRepo(account), format);
  const refused = refuseMetadata(hub.accounts, account, repo);
  if (refused) return refusalAnswer(refused, format);
  const mayRedirect = route.kind !== 'resolve' || request.fault.renamedFiles !== 'direct';
  if (repo.id !== route.repo.id && mayRedirect) {
    const query = request.query.size === 0 ? '' : `?${request.query}`;
    return redirectAnswer(307, route.withId(repo.id) + query);
  }
  const answer = REPO_ROUTES[route.kind];
  if (!answer) return notFound();
  const commit = repo.resolve(route.revision ?? 'main');
  if (!commit) return refusalAnswer(missingRevision(route.revision ?? 'main'), format);
  return answer({ ...request, repo, commit, path: route.path ?? '' });
}

/** The answer where there is nothing. */
function notFound(): Answer {
  return refusalAnswer({ status: 404, message: "Sorry, we can't find the page you are looking for." }, 'json');
}

/** Errors are plain text where files are served, and JSON below `/api`. */
function isFileRoute(kind: RouteKind): boolean {
  return kind === 'resolve' || kind === 'raw' || kind === 'resolve-cache';
}
