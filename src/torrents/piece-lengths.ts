import type { Grant } from '../contracts/access.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Commit, RepoRef } from '../contracts/domain.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { canonicalPieceLength } from '../metainfo/canonical.ts';
import type { RedistributionRule } from './redistribution.ts';

/** Sums of listings that are remembered: making one walks through the whole listing. */
const MOST_SUMS = 1000;

/**
 * Makes the function that says at which piece lengths a file is worth hashing on its way: its own torrent's, and that of its repo's, if the
 * repo's listing is known; none when no torrent may be made of it.
 */
export function createPieceLengths(
  refs: Pick<RefStore, 'tree'>,
  rule: RedistributionRule,
): (grant: Grant) => readonly number[] {
  const sums = new Map<string, number>();

  function repoBytes(repo: RepoRef, commit: Commit): number | undefined {
    const key = `${repoName(repo)}@${commit}`;
    const known = sums.get(key);
    if (known !== undefined) return known;
    const bytes = refs.tree(repo, commit)?.entries.reduce((sum, { size }) => sum + size, 0);
    if (bytes === undefined) return undefined;
    if (sums.size >= MOST_SUMS) sums.clear();
    sums.set(key, bytes);
    return bytes;
  }

  return (grant) => {
    if (rule(grant)) return [];
    const own = canonicalPieceLength(grant.entry.size);
    const ofRepo = canonicalPieceLength(repoBytes(grant.repo, grant.commit) ?? grant.entry.size);
    return own === ofRepo ? [own] : [own, ofRepo];
  };
}
