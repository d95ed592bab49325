import type { ContentId, RepoRef } from '../contracts/domain.ts';

/** A repo as the catalogue's tables name it. Case is kept: the Hub's canonical spelling is part of the name. */
export const repoKey = (repo: RepoRef): string => `${repo.type}/${repo.id}`;

/** A content id as the catalogue's tables name it. */
export function contentKey(id: ContentId): string {
  return id.kind === 'lfs' ? `lfs:${id.sha256}:${id.size}` : `plain:${repoKey(id.repo)}:${id.gitOid}:${id.size}`;
}
