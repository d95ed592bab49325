import type { Caller, Grant, RepoGrant, Repos } from '../contracts/access.ts';
import type { ContentId, Entry, RepoRef, Revision, Tree } from '../contracts/domain.ts';
import { contentOf } from '../fill/content.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { SeedTarget } from '../hub-format/seed-path.ts';
import type { StatusDocument } from './documents.ts';
import type { RedistributionRule } from './redistribution.ts';

interface SubjectBase {
  /** One string per subject, whoever asks. */
  readonly key: string;
  /** As it was asked for. */
  readonly revision: Revision;
  /** Bytes of its files. */
  readonly size: number;
}

/** What a torrent is asked of, by somebody who may have it: one file at a commit, or a whole repo at one. */
export type Subject =
  | (SubjectBase & { readonly kind: 'file'; readonly grant: Grant })
  | (SubjectBase & { readonly kind: 'repo'; readonly grant: RepoGrant; readonly tree: Tree });

/**
 * Finds what a seed route names. Throws what `repos` throws (the Hub's own words for what is gated, private or missing), and
 * NOT_REDISTRIBUTABLE for what the caller may read and no torrent may be made of.
 */
export async function findSubject(
  { repos, rule }: { readonly repos: Repos; readonly rule: RedistributionRule },
  caller: Caller,
  { repo, path }: SeedTarget,
  revision: Revision,
  signal: AbortSignal,
): Promise<Subject> {
  if (path !== '') {
    const grant = await repos.entry(caller, repo, revision, path, signal);
    throwIf(rule(grant));
    return fileSubject(grant, revision);
  }
  const { tree, ...grant } = await repos.tree(caller, repo, revision, signal);
  if (grant.access !== 'public') await askForBytes(repos, caller, repo, tree, signal);
  throwIf(rule(grant));
  const size = tree.entries.reduce((sum, entry) => sum + entry.size, 0);
  return { kind: 'repo', key: subjectKey(grant, ''), grant, tree, revision, size };
}

/** A file that the caller may have, and of which a torrent may be made. */
export function fileSubject(grant: Grant, revision: Revision): Subject {
  return { kind: 'file', key: subjectKey(grant, grant.entry.path), grant, revision, size: grant.entry.size };
}

/** The listing of a gated repo is open to everybody, its files are not: what the Hub says about those is the better answer. */
async function askForBytes(
  repos: Repos,
  caller: Caller,
  repo: RepoRef,
  { commit, entries }: Tree,
  signal: AbortSignal,
): Promise<void> {
  const largest = entries.reduce<Entry | undefined>(
    (most, entry) => (most && most.size >= entry.size ? most : entry),
    undefined,
  );
  if (largest) await repos.entry(caller, repo, commit, largest.path, signal);
}

function throwIf(error: Error | undefined): void {
  if (error) throw error;
}

function subjectKey({ repo, commit }: RepoGrant, path: string): string {
  return `${repoName(repo)}@${commit}/${path}`;
}

/** The path of a subject below its repo; '' for a whole repo. */
export function pathOfSubject(subject: Subject): string {
  return subject.kind === 'file' ? subject.grant.entry.path : '';
}

/** The files of a subject, by what their bytes are known by. */
export function contentsOf(subject: Subject): ContentId[] {
  if (subject.kind === 'file') return [contentOf(subject.grant)];
  const { repo } = subject.grant;
  return subject.tree.entries.map((entry) => contentOf({ entry, repo }));
}

/** A subject as the documents name it. */
export function describeSubject(subject: Subject): Pick<StatusDocument, 'repoId' | 'revision' | 'commit' | 'filePath'> {
  const { repo, commit } = subject.grant;
  return { repoId: repoName(repo), revision: subject.revision, commit, filePath: pathOfSubject(subject) || null };
}
