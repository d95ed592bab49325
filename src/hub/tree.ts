import type { Commit, RepoRef, Tree } from '../contracts/domain.ts';
import type { HubCall } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { apiPathname, canonicalPathname } from '../hub-format/hub-urls.ts';
import { findLink } from '../hub-format/link-header.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { parseTreePage } from '../hub-format/tree-page.ts';
import { askHubForJson, type HubDocument } from './ask-hub.ts';
import { repoInUrl } from './canonical-repo.ts';
import type { Answer } from './exchange.ts';
import { type HubConnection, hubPathname, isOnHub } from './hub-connection.ts';
import { provePointers } from './pointer-proof.ts';
import { TreeCollector } from './tree-collector.ts';

/** Pages of 1,000 for the most items that we take, with room for hubs that send shorter ones. */
const MAX_PAGES = 10_000;
const PAGE_LIMIT = 64 * 1024 * 1024;

/** Are these the same path, perhaps escaped in two ways? */
function isSamePath(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return canonicalPathname(a) === canonicalPathname(b);
  } catch {
    return false;
  }
}

/** The path and query of the next page; undefined after the last one. */
function nextPage(hub: HubConnection, answer: Answer, what: string): string | undefined {
  const link = findLink(answer.headers.get('link'), 'next');
  if (link === undefined) return undefined;
  const next = URL.canParse(link, answer.url) ? new URL(link, answer.url) : undefined;
  // The token goes along, so a listing must not be able to point us anywhere else, not even on the Hub.
  const pathname = hubPathname(hub, answer.url);
  if (!next || !pathname || !isOnHub(hub, next) || !isSamePath(next.pathname, answer.url.pathname)) {
    throw new SwarmError('UPSTREAM_INVALID', `The Hub's listing of ${what} goes on at another address. Not followed.`);
  }
  return pathname + next.search;
}

/**
 * Lists everything that a repo holds at a commit: all pages, each LFS entry tied to its git object.
 *
 * @throws SwarmError HUB_REFUSED, RATE_LIMITED, INTEGRITY, UPSTREAM_* (UPSTREAM_INVALID also for listings that are
 * contradictory, endless, or go on at another address); BAD_REQUEST for names that cannot be.
 */
export async function tree(hub: HubConnection, repo: RepoRef, commit: Commit, call: HubCall = {}): Promise<Tree> {
  const what = `${repoName(repo)}@${commit}`;
  const collector = new TreeCollector(what);
  let canonical = repo;
  let path: string | undefined = `${apiPathname(repo, 'tree', commit)}?recursive=true&expand=false`;
  for (let pages = 0; path !== undefined; pages += 1) {
    if (pages === MAX_PAGES) throw new SwarmError('UPSTREAM_INVALID', `The Hub's listing of ${what} does not end.`);
    const { json, answer }: HubDocument = await askHubForJson(hub, { method: 'GET', path, what }, call, PAGE_LIMIT);
    const page = parseTreePage(json, what);
    await provePointers(page.entries, what);
    collector.add(page.entries, page.directories);
    canonical = repoInUrl(hub, answer.url) ?? canonical;
    path = nextPage(hub, answer, what);
  }
  collector.finish();
  return { repo: canonical, commit, entries: collector.entries, directories: collector.directories };
}
