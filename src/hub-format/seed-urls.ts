import type { Commit, RepoRef } from '../contracts/domain.ts';
import { repoName } from './repo-id.ts';
import type { SeedRoute } from './seed-path.ts';

/** A repo, and perhaps one of its files, at a commit. */
export interface SeedSubject {
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** '' for the repo as a whole. */
  readonly path: string;
}

/** The path of one of our seed routes, percent-encoded and pinned to the commit: `/hf/org/name@{commit}/path`. */
export function seedPathname(route: SeedRoute, { repo, commit, path }: SeedSubject): string {
  return `/${route}/${repoName(repo)}@${commit}${path === '' ? '' : `/${encodePath(path)}`}`;
}

/**
 * The web seed of a repo's torrent. It ends with a slash: clients append the torrent's name and the path (BEP 19).
 */
export function repoSeedPathname({ repo, commit }: Pick<SeedSubject, 'repo' | 'commit'>): string {
  return `/v1/${repoName(repo)}/${commit}/`;
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
