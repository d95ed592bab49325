import { isSha1 } from '../base/hex.ts';
import type { Commit, RepoRef, Revision } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { isRepoSegment } from './repo-id.ts';
import { assertPath, assertRevision, decodePathname } from './repo-path.ts';

/** Our own routes about files as torrents and web seeds. */
export type SeedRoute = 'model' | 'torrent' | 'magnet' | 'hf';

const SEED_ROUTES: ReadonlySet<string> = new Set<SeedRoute>(['model', 'torrent', 'magnet', 'hf']);

/** What a path below one of them names. */
export interface SeedTarget {
  readonly route: SeedRoute;
  readonly repo: RepoRef;
  /** Undefined when the path names none. */
  readonly revision: Revision | undefined;
  /** '' for the repo as a whole. */
  readonly path: string;
}

/**
 * Parses `/{route}/[datasets/|spaces/]{owner}/{name}[@{revision}][/{path}]`; slashes of a revision are percent-encoded.
 *
 * @param pathname as it came over the wire, without query.
 * @returns undefined when the first segment is none of these routes.
 * @throws SwarmError BAD_REQUEST: hostile or malformed, or no repo of owner and name.
 */
export function parseSeedPath(pathname: string): SeedTarget | undefined {
  const [route = '', ...rest] = decodePathname(trimSlash(pathname));
  if (!isSeedRoute(route)) return undefined;
  const type = rest[0] === 'datasets' || rest[0] === 'spaces' ? rest[0] : 'models';
  const [owner = '', name = '', ...file] = type === 'models' ? rest : rest.slice(1);
  const at = name.indexOf('@');
  const bareName = at === -1 ? name : name.slice(0, at);
  const revision = at === -1 ? undefined : name.slice(at + 1);
  if (!isRepoSegment(owner) || !isRepoSegment(bareName)) {
    throw new SwarmError('BAD_REQUEST', `After /${route}/ comes a repo, "owner/name" or "datasets/owner/name".`);
  }
  if (revision !== undefined) assertRevision(revision);
  const path = file.join('/');
  if (path !== '') assertPath(path);
  return { route, repo: { type, id: `${owner}/${bareName}` }, revision, path };
}

/** A file of a repo's torrent, as BEP 19 names it below the torrent's web seed. */
export interface RepoSeedTarget {
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** The torrent's name, which clients put between the web seed and the path. */
  readonly name: string;
  readonly path: string;
}

/**
 * Parses `/v1/[models|datasets|spaces/]{owner}/{name}/{commit}/{torrent name}/{path}`.
 *
 * @returns undefined when the path does not begin with `/v1/`.
 * @throws SwarmError BAD_REQUEST when the rest is not of that form.
 */
export function parseRepoSeedPath(pathname: string): RepoSeedTarget | undefined {
  if (!pathname.startsWith('/v1/')) return undefined;
  const [, ...rest] = decodePathname(pathname);
  const [first = ''] = rest;
  const isType = first === 'models' || first === 'datasets' || first === 'spaces';
  const [owner = '', repoName = '', commit, name, ...file] = isType ? rest.slice(1) : rest;
  const path = file.join('/');
  if (!isRepoSegment(owner) || !isRepoSegment(repoName) || !isSha1(commit) || name === undefined || path === '') {
    throw new SwarmError('BAD_REQUEST', 'A web seed of a repo is /v1/owner/name/commit/torrent-name/path.');
  }
  assertPath(path);
  return { repo: { type: isType ? first : 'models', id: `${owner}/${repoName}` }, commit, name, path };
}

function isSeedRoute(text: string): text is SeedRoute {
  return SEED_ROUTES.has(text);
}

function trimSlash(pathname: string): string {
  return pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
}
