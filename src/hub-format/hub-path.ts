import { parseApiSegments } from './api-path.ts';
import type { HubRoute } from './hub-route.ts';
import { splitEncodedId, takeRevision } from './path-segments.ts';
import { isRepoSegment } from './repo-id.ts';
import { assertPath, decodePathname } from './repo-path.ts';

/**
 * Parses a path of the Hub's URL space: `/[datasets/|spaces/]{id}/{resolve|raw}/{rev}/{path}`, and `/api/...`.
 * The marker stands right after the id, which has one or two segments. Where a name is itself a marker, ids of two
 * segments win.
 *
 * @param pathname as it came over the wire: percent-encoded, without query.
 * @throws SwarmError BAD_REQUEST when the path is hostile or malformed (see `decodePathname`).
 */
export function parseHubPath(pathname: string): HubRoute {
  if (pathname.startsWith('/api/')) {
    // A slash at the end of an API path means nothing; python's f-strings leave some.
    return parseApiSegments(decodePathname(pathname.endsWith('/') ? pathname.slice(0, -1) : pathname).slice(1));
  }
  const decoded = decodePathname(pathname);
  const type = decoded[0] === 'datasets' || decoded[0] === 'spaces' ? decoded[0] : 'models';
  const segments = splitEncodedId(type === 'models' ? decoded : decoded.slice(1));
  for (const idLength of [2, 1]) {
    const id = segments.slice(0, idLength);
    const marker = segments[idLength];
    if ((marker !== 'resolve' && marker !== 'raw') || !id.every(isRepoSegment)) continue;
    const taken = takeRevision(segments.slice(idLength + 1));
    if (!taken || taken.rest.length === 0) continue;
    const path = taken.rest.join('/');
    assertPath(path);
    return { route: marker, repo: { type, id: id.join('/') }, revision: taken.revision, path };
  }
  return { route: 'unknown' };
}
