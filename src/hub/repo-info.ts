import type { RepoRef, Revision } from '../contracts/domain.ts';
import type { HubCall, RepoInfo } from '../contracts/hub.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { parseRepoInfo } from '../hub-format/repo-info.ts';
import { askHubForJson } from './ask-hub.ts';
import type { HubConnection } from './hub-connection.ts';

/** What rules depend on: who may read, where the revision points, and which licences allow to pass the bytes on. */
const FIELDS = ['private', 'gated', 'disabled', 'sha', 'cardData', 'tags'];
// Spaces cannot be gated, and the Hub refuses to be asked.
const FIELDS_OF_SPACES = FIELDS.filter((field) => field !== 'gated');

/** Mirrors that ignore `expand` send everything, with up to 50,000 file names. */
const BODY_LIMIT = 64 * 1024 * 1024;

/**
 * Asks who may see a repo, where a revision points, and under which licences it is. Only the fields that rules depend on are asked for.
 *
 * @param revision undefined: the default branch.
 * @throws SwarmError HUB_REFUSED, RATE_LIMITED, UPSTREAM_*; BAD_REQUEST for names that cannot be.
 */
export async function repoInfo(
  hub: HubConnection,
  repo: RepoRef,
  revision: Revision | undefined,
  call: HubCall = {},
): Promise<RepoInfo> {
  const what = revision === undefined ? repoName(repo) : `${repoName(repo)}@${revision}`;
  const pathname = revision === undefined ? apiPathname(repo) : apiPathname(repo, 'revision', revision);
  const fields = repo.type === 'spaces' ? FIELDS_OF_SPACES : FIELDS;
  const query = fields.map((field) => `expand=${field}`).join('&');
  const { json } = await askHubForJson(hub, { method: 'GET', path: `${pathname}?${query}`, what }, call, BODY_LIMIT);
  return parseRepoInfo(json, repo.type, what);
}
