import { isSha1 } from '../base/hex.ts';
import type { RepoRef, RepoType } from '../contracts/domain.ts';
import type { HubRoute } from './hub-route.ts';
import { splitEncodedId, takeRevision } from './path-segments.ts';
import { isRepoSegment, isRepoType } from './repo-id.ts';
import { assertPath } from './repo-path.ts';

function repoOf(type: RepoType, id: readonly string[]): RepoRef | undefined {
  return id.length > 0 && id.length <= 2 && id.every(isRepoSegment) ? { type, id: id.join('/') } : undefined;
}

/** What follows the repo id, when it is one of the routes that we know. */
function subRoute(repo: RepoRef, segments: readonly string[]): HubRoute | undefined {
  const [marker, ...after] = segments;
  if ((marker === 'refs' || marker === 'auth-check') && after.length === 0) return { route: marker, repo };
  switch (marker) {
    case 'revision':
    case 'paths-info':
    case 'commits':
    case 'xet-read-token': {
      const taken = takeRevision(after);
      return taken?.rest.length === 0 ? { route: marker, repo, revision: taken.revision } : undefined;
    }
    case 'tree':
    case 'treesize': {
      const taken = takeRevision(after);
      if (!taken) return undefined;
      const path = taken.rest.join('/');
      if (path !== '') assertPath(path);
      return { route: marker, repo, revision: taken.revision, path };
    }
    default:
      return undefined;
  }
}

function resolveCacheRoute(segments: readonly string[]): HubRoute {
  const [type = '', ...rest] = segments;
  if (!isRepoType(type)) return { route: 'unknown' };
  const below = splitEncodedId(rest);
  for (const idLength of [2, 1]) {
    const repo = repoOf(type, below.slice(0, idLength));
    const [commit, ...file] = below.slice(idLength);
    if (!repo || !isSha1(commit) || file.length === 0) continue;
    const path = file.join('/');
    assertPath(path);
    return { route: 'resolve-cache', repo, revision: commit, path };
  }
  return { route: 'unknown' };
}

/**
 * What the segments below `/api/` ask for. Where a name is itself a marker, ids of two segments win.
 *
 * @param segments decoded and checked by `decodePathname`.
 * @throws SwarmError BAD_REQUEST when a revision or a path in them is malformed.
 */
export function parseApiSegments(segments: readonly string[]): HubRoute {
  const [type = '', ...rest] = segments;
  if (type === 'resolve-cache') return resolveCacheRoute(rest);
  if (!isRepoType(type)) return { route: 'unknown' };
  const below = splitEncodedId(rest);
  for (const idLength of [2, 1]) {
    const repo = repoOf(type, below.slice(0, idLength));
    const route = repo && subRoute(repo, below.slice(idLength));
    if (route) return route;
  }
  const repo = repoOf(type, below.slice(0, 2));
  if (!repo) return { route: 'unknown' };
  return below.length <= 2 ? { route: 'info', repo } : { route: 'unknown', repo };
}
