import type { Commit, Entry, RepoRef } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { isRepoSegment, repoName } from '../hub-format/repo-id.ts';
import { assertRevision } from '../hub-format/repo-path.ts';
import { matchPatterns } from './file-patterns.ts';

/** A repo as somebody names it: `[datasets/|spaces/]org/name[@revision][/file]`. */
export interface RepoSubject {
  readonly repo: RepoRef;
  /** `main` when none is named. */
  readonly revision: string;
  /** '' for all files. */
  readonly path: string;
}

/** What is to be downloaded of a repo. */
export interface RepoPlan extends RepoSubject {
  readonly commit: Commit;
  /** The files that are wanted. */
  readonly entries: readonly Entry[];
  /** How many the repo has. */
  readonly total: number;
}

/** Reads the name of a repo. Slashes of a revision are percent-encoded. Undefined when it is none. */
export function parseRepoSubject(text: string): RepoSubject | undefined {
  const parts = text.split('/');
  const type = parts[0] === 'datasets' || parts[0] === 'spaces' || parts[0] === 'models' ? parts.shift() : 'models';
  const [owner = '', named = '', ...file] = parts;
  const at = named.indexOf('@');
  const name = at < 0 ? named : named.slice(0, at);
  const revision = at < 0 ? 'main' : named.slice(at + 1).replace(/%2f/gi, '/');
  if (!isRepoSegment(owner) || !isRepoSegment(name) || revision === '') return undefined;
  return { repo: { type: type as RepoRef['type'], id: `${owner}/${name}` }, revision, path: file.join('/') };
}

/**
 * Asks the Hub what a repo has, and chooses the files. Rejects with BAD_REQUEST (a revision that cannot be), CONFIG (no file is wanted), HUB_REFUSED,
 * UPSTREAM_*, RATE_LIMITED.
 */
export async function planRepo(
  hub: HubClient,
  subject: RepoSubject,
  patterns: readonly string[],
  call: { readonly token: string | undefined; readonly signal: AbortSignal },
): Promise<RepoPlan> {
  const { repo, revision, path } = subject;
  assertRevision(revision);
  const info = await hub.repoInfo(repo, revision, call);
  const { entries } = await hub.tree(info.repo, info.commit, call);
  const isWanted = matchPatterns(path === '' ? patterns : [path, ...patterns]);
  const wanted = entries.filter((entry) => isWanted(entry.path));
  if (wanted.length === 0 && entries.length > 0) {
    const asked = path === '' ? patterns.join(' ') : path;
    throw new SwarmError('CONFIG', `${repoName(repo)}@${revision} has no file like ${asked}. It has ${list(entries)}.`);
  }
  return { ...subject, repo: info.repo, commit: info.commit, entries: wanted, total: entries.length };
}

function list(entries: readonly Entry[]): string {
  const names = entries.slice(0, 8).map(({ path }) => path);
  return names.join(', ') + (entries.length > names.length ? ` and ${entries.length - names.length} more` : '');
}
