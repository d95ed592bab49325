import { createHash } from 'node:crypto';
import type { Grant } from '../contracts/access.ts';
import type { ContentId } from '../contracts/domain.ts';

/** What a fill of this grant has to prove: the SHA-256 of an LFS file, the git oid of a plain one. */
export function contentOf(grant: Pick<Grant, 'entry' | 'repo'>): ContentId {
  const { entry, repo } = grant;
  if (entry.sha256 !== undefined) return { kind: 'lfs', sha256: entry.sha256, size: entry.size };
  return { kind: 'plain', repo, gitOid: entry.gitOid, size: entry.size };
}

/** One string per content id: fills, suspects and journals go by it. */
export function contentKey(id: ContentId): string {
  if (id.kind === 'lfs') return `lfs:${id.sha256}:${id.size}`;
  return `plain:${id.repo.type}/${id.repo.id}:${id.gitOid}:${id.size}`;
}

/** A file name for a content key: short, and safe whatever the repo is called. */
export const partName = (key: string): string => `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.part`;

/** `models/org/name@commit/path`, for logs and messages. */
export const grantName = ({ repo, commit, entry }: Grant): string =>
  `${repo.type}/${repo.id}@${commit.slice(0, 12)}/${entry.path}`;
