import type { RepoRef, Revision } from '../contracts/domain.ts';
import { assertRepo, repoName } from './repo-id.ts';
import { assertPath, assertRevision, decodePathname } from './repo-path.ts';

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/**
 * `/{repo}/resolve/{revision}/{path}`, percent-encoded, the slashes of the revision too.
 *
 * @throws SwarmError BAD_REQUEST when a part is not valid.
 */
export function resolvePathname(repo: RepoRef, revision: Revision, path: string): string {
  assertRepo(repo);
  assertRevision(revision);
  assertPath(path);
  return `/${repoName(repo)}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`;
}

/**
 * `/api/{type}/{id}[/{action}[/{revision}]]`, percent-encoded.
 *
 * @param action a fixed word of the API: `revision`, `tree`, `paths-info`, `refs` ...
 * @throws SwarmError BAD_REQUEST when the repo or the revision is not valid.
 */
export function apiPathname(repo: RepoRef, action?: string, revision?: Revision): string {
  assertRepo(repo);
  let pathname = `/api/${repo.type}/${repo.id}`;
  if (action !== undefined) pathname += `/${encodeURIComponent(action)}`;
  if (revision !== undefined) {
    assertRevision(revision);
    pathname += `/${encodeURIComponent(revision)}`;
  }
  return pathname;
}

/**
 * The same request path, decoded, validated and encoded again in one way, for routes that are passed through.
 * `%2F` stays `%2F`; a slash at the end is kept.
 *
 * @throws SwarmError BAD_REQUEST when the path is hostile or malformed (see `decodePathname`).
 */
export function canonicalPathname(pathname: string): string {
  const trailing = pathname.length > 1 && pathname.endsWith('/');
  const segments = decodePathname(trailing ? pathname.slice(0, -1) : pathname);
  return `/${segments.map(encodeURIComponent).join('/')}${trailing ? '/' : ''}`;
}
