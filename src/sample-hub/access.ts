import type { Accounts, SampleAccount } from './accounts.ts';
import type { Refusal } from './answer.ts';
import { type RepoState, repoName } from './sample-repo.ts';

/** The refusal of a token that the Hub does not know, also on public repos. Clients compare the sentence exactly. */
export const BAD_TOKEN: Refusal = { status: 401, message: 'Invalid credentials in Authorization header' };

const DISABLED: Refusal = { status: 403, message: 'Access to this resource is disabled.' };

/** The Hub does not tell strangers whether a repo is missing or private. */
export function missingRepo(account: SampleAccount | undefined): Refusal {
  if (account) return { status: 404, code: 'RepoNotFound', message: 'Repository not found' };
  return {
    status: 401,
    message: 'Invalid username or password.',
    headers: { 'www-authenticate': 'Bearer realm="Authentication required", charset="UTF-8"' },
  };
}

/** May this account see that the repo exists, and its metadata? */
export function refuseMetadata(
  accounts: Accounts,
  account: SampleAccount | undefined,
  repo: RepoState,
): Refusal | undefined {
  if (repo.access.private && !accounts.mayRead(account, repoName(repo))) return missingRepo(account);
  return repo.access.disabled ? DISABLED : undefined;
}

/** May this account read the bytes of a repo whose metadata it may see? */
export function refuseBytes(
  accounts: Accounts,
  account: SampleAccount | undefined,
  repo: RepoState,
  hubUrl: string,
): Refusal | undefined {
  if (repo.access.gated === false || accounts.mayRead(account, repoName(repo))) return undefined;
  const what = `Access to ${repo.type.slice(0, -1)} ${repo.id} is restricted`;
  if (!account) {
    const message = `${what}. You must have access to it and be authenticated to access it. Please log in.`;
    return { status: 401, code: 'GatedRepo', message };
  }
  const where = `${hubUrl}/${repoName(repo)}`;
  const message = `${what} and you are not in the authorized list. Visit ${where} to ask for access.`;
  return { status: 403, code: 'GatedRepo', message };
}

export const missingRevision = (revision: string): Refusal => ({
  status: 404,
  code: 'RevisionNotFound',
  message: `Invalid rev id: ${asHeader(revision)}`,
});

export const missingEntry = (commit: string): Refusal => ({
  status: 404,
  code: 'EntryNotFound',
  message: 'Entry not found',
  headers: { 'x-repo-commit': commit },
});

// A header holds Latin-1 only, and no line ends.
const asHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));
