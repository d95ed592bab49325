import type { RepoRef, RepoType } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';

// The Hub allows 96 characters of these for an owner and for a name. A leading dot or dash is refused, which also keeps
// `-` free for our own routes.
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$/;

/** Can this be one part of a repo id (an owner, a name, or a legacy id)? */
export function isRepoSegment(text: string): boolean {
  return SEGMENT.test(text) && !text.includes('..') && !text.toLowerCase().endsWith('.git');
}

/** Can this be a repo id: `owner/name`, or a legacy id of one segment? */
export function isRepoId(text: string): boolean {
  const segments = text.split('/');
  return segments.length <= 2 && segments.every(isRepoSegment);
}

/** Is this a repo type, as the Hub's API spells it? */
export function isRepoType(text: string): text is RepoType {
  return text === 'models' || text === 'datasets' || text === 'spaces';
}

/** Throws BAD_REQUEST unless `repo` is a name that can be put into an upstream URL. */
export function assertRepo(repo: RepoRef): void {
  if (!isRepoType(repo.type) || !isRepoId(repo.id)) {
    throw new SwarmError('BAD_REQUEST', 'That is not a repo id. It looks like "owner/name".');
  }
}

/** The repo as a URL and as people write it: `owner/name`, `datasets/owner/name`, `spaces/owner/name`. */
export function repoName(repo: RepoRef): string {
  return repo.type === 'models' ? repo.id : `${repo.type}/${repo.id}`;
}
