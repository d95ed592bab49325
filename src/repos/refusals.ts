import type { Commit, RepoRef, Revision } from '../contracts/domain.ts';
import type { ErrorCode, HubRefusal } from '../errors.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';

/** How much of the Hub one refusal speaks about: every later question inside that scope has the same answer. */
export type RefusalScope = 'repo' | 'revision' | 'entry';

/**
 * `entry` is the careful default: a gated repo refuses its weights and serves its README, so GatedRepo says nothing
 * about other paths.
 */
export function scopeOf(refusal: HubRefusal): RefusalScope {
  if (refusal.errorCode === 'RepoNotFound') return 'repo';
  if (refusal.errorCode === 'RevisionNotFound') return 'revision';
  // A bare 401 is how the Hub hides private repos from strangers; a disabled repo has no code, only these words.
  if (refusal.errorCode === undefined && refusal.status === 401) return 'repo';
  if (refusal.status === 403 && /is disabled/.test(refusal.message)) return 'repo';
  return 'entry';
}

/** Does the refusal mean "not for this caller", as opposed to "no such file or revision" in a repo that is open to him? */
export function isDenial(refusal: HubRefusal): boolean {
  return refusal.status === 401 || refusal.status === 403 || refusal.errorCode === 'RepoNotFound';
}

/** The Hub could not be asked, or what came back was no answer (a captive portal is as good as a dead line). */
export function isOutage(error: unknown): error is SwarmError {
  return isSwarmError(error) && OUTAGES.has(error.code);
}

const OUTAGES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_INVALID',
  'RATE_LIMITED',
]);

/** The error for what is not known here while `--offline` forbids asking the Hub. */
export function notHeldOffline(repo: RepoRef, revision: Revision, path?: string): SwarmError {
  const what = `${repoName(repo)}@${revision}${path === undefined ? '' : `/${path}`}`;
  return new SwarmError('OFFLINE', `${what} is not known here, and --offline forbids asking the Hub.`);
}

/** The Hub's words for a path that a commit does not have, when its listing already says so. */
export function entryNotFound(repo: RepoRef, commit: Commit, path: string): SwarmError {
  return new SwarmError('HUB_REFUSED', `${repoName(repo)}@${commit} has no file ${path}.`, {
    hub: { status: 404, errorCode: 'EntryNotFound', message: 'Entry not found', commit },
  });
}
