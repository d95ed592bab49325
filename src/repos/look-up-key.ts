import type { RepoRef } from '../contracts/domain.ts';

/** One string per thing that can be looked up. NUL separates the parts: no checked name, revision or path contains it. */
export function lookUpKey(repo: RepoRef, ...parts: readonly string[]): string {
  return [repo.type, repo.id, ...parts].join('\0');
}

/** Do two references name the same repo, letter for letter? */
export function isSameRepo(a: RepoRef, b: RepoRef): boolean {
  return a.type === b.type && a.id === b.id;
}
