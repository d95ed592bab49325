import type { RepoType } from '../contracts/domain.ts';

/** What a URL of the hub asks for. */
export type RouteKind =
  | 'resolve'
  | 'raw'
  | 'resolve-cache'
  | 'info'
  | 'tree'
  | 'treesize'
  | 'paths-info'
  | 'refs'
  | 'commits'
  | 'auth-check'
  | 'xet-read-token'
  | 'list'
  | 'whoami'
  | 'manifest'
  | 'blob'
  | 'cdn'
  | 'other';

/** A parsed URL path. */
export interface Route {
  readonly kind: RouteKind;
  /** The repo as the URL spells it; absent where none is named. */
  readonly repo?: { readonly type: RepoType; readonly id: string };
  readonly revision?: string;
  /** Decoded; `''` is the root. */
  readonly path?: string;
  /** The same URL path with another repo id, for redirects. */
  withId(id: string): string;
}

const TYPES: readonly string[] = ['models', 'datasets', 'spaces'] satisfies RepoType[];
const FILE_MARKERS = ['resolve', 'raw'] as const;
const API_MARKERS = [
  'revision',
  'tree',
  'treesize',
  'paths-info',
  'refs',
  'commits',
  'auth-check',
  'xet-read-token',
] as const;
const OTHER: Route = { kind: 'other', withId: () => '/' };

/**
 * Parses the path of a URL as it came on the wire (still percent-encoded).
 * Throws a URIError when the encoding is broken.
 */
export function parseRoute(rawPath: string): Route {
  const segments = rawPath.split('/').slice(1);
  if (segments[0] === 'api') return apiRoute(segments) ?? OTHER;
  if (segments[0] === 'v2') return registryRoute(segments) ?? OTHER;
  const prefixed = segments[0] === 'datasets' || segments[0] === 'spaces';
  return repoRoute(segments, prefixed ? 1 : 0, (prefixed ? segments[0] : 'models') as RepoType, FILE_MARKERS) ?? OTHER;
}

function apiRoute(segments: readonly string[]): Route | undefined {
  const [, first = '', type = ''] = segments;
  if (first === 'whoami-v2' && segments.length === 2) return { kind: 'whoami', withId: () => '/' };
  if (first === 'resolve-cache' && TYPES.includes(type)) {
    return repoRoute(segments, 3, type as RepoType, ['resolve-cache']);
  }
  if (!TYPES.includes(first)) return undefined;
  if (segments.length === 2) return { kind: 'list', repo: { type: first as RepoType, id: '' }, withId: () => '/' };
  return repoRoute(segments, 2, first as RepoType, API_MARKERS);
}

/** `[...before, id (1 or 2 segments), marker, revision, path...]`. `resolve-cache` has its marker before the id. */
function repoRoute(
  segments: readonly string[],
  idStart: number,
  type: RepoType,
  markers: readonly string[],
): Route | undefined {
  const isCache = markers[0] === 'resolve-cache';
  const isMarker = (segment: string | undefined) =>
    segment !== undefined && (isCache ? /^[0-9a-f]{40}$/.test(segment) : markers.includes(segment));
  const isApi = segments[0] === 'api';
  const rest = segments.slice(idStart);
  // Below /api the id may also be the end of the path.
  const isId = (length: number) => isMarker(rest[length]) || (isApi && !isCache && rest.length === length);
  const idLength = [1, 2].find(isId);
  if (idLength === undefined) return undefined;
  const id = rest.slice(0, idLength).map(decodeURIComponent).join('/');
  const withId = (other: string) =>
    ['', ...segments.slice(0, idStart), other, ...segments.slice(idStart + idLength)].join('/');
  const marker = isCache ? 'resolve-cache' : rest[idLength];
  const { revision, path } = revisionAndPath(rest.slice(idLength + (isCache ? 0 : 1)));
  const kind = marker === undefined || marker === 'revision' ? 'info' : (marker as RouteKind);
  return { kind, repo: { type, id }, ...(revision === undefined ? {} : { revision }), path, withId };
}

/** Revisions come encoded (`refs%2Fpr%2F1`) or not (`refs/pr/1`); paths may have `%2F` instead of slashes. */
function revisionAndPath(segments: readonly string[]): { revision?: string; path: string } {
  const length = segments[0] === 'refs' && segments.length >= 3 ? 3 : 1;
  const revision = segments.slice(0, length).map(decodeURIComponent).join('/');
  const path = segments.slice(length).map(decodeURIComponent).join('/');
  return revision === '' ? { path } : { revision, path };
}

/** Ollama's registry: `/v2/user/repo/manifests/tag` and `/v2/user/repo/blobs/sha256:...`. */
function registryRoute(segments: readonly string[]): Route | undefined {
  const [, user = '', name = '', what, reference = ''] = segments.map(decodeURIComponent);
  if (segments.length !== 5 || (what !== 'manifests' && what !== 'blobs')) return undefined;
  return {
    kind: what === 'manifests' ? 'manifest' : 'blob',
    repo: { type: 'models', id: `${user}/${name}` },
    path: reference,
    withId: (id) => `/v2/${id}/${what}/${segments[4]}`,
  };
}
