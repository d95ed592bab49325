import type { Commit, Entry, RepoRef } from '../contracts/domain.ts';
import type { HubCall } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { apiPathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { assertPath } from '../hub-format/repo-path.ts';
import { parseTreePage } from '../hub-format/tree-page.ts';
import { askHubForJson } from './ask-hub.ts';
import type { HubConnection } from './hub-connection.ts';
import { provePointers } from './pointer-proof.ts';

/** The Hub's own limit for one request. */
const MAX_PATHS = 2000;
/** 2,000 entries of about 300 bytes, and long paths. */
const BODY_LIMIT = 16 * 1024 * 1024;

/**
 * Looks some paths up in a commit. Paths that are not there, or are directories, are left out of the answer.
 *
 * @param paths at most 2,000.
 * @throws SwarmError HUB_REFUSED, RATE_LIMITED, UPSTREAM_*, INTEGRITY; BAD_REQUEST for names that cannot be.
 */
export async function pathsInfo(
  hub: HubConnection,
  repo: RepoRef,
  commit: Commit,
  paths: readonly string[],
  call: HubCall = {},
): Promise<Entry[]> {
  if (paths.length === 0) return [];
  if (paths.length > MAX_PATHS) throw new SwarmError('BAD_REQUEST', `More than ${MAX_PATHS} paths in one request.`);
  for (const path of paths) assertPath(path);
  const what = `${repoName(repo)}@${commit}`;
  const { json } = await askHubForJson(
    hub,
    {
      method: 'POST',
      path: apiPathname(repo, 'paths-info', commit),
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: new TextEncoder().encode(JSON.stringify({ paths, expand: false })),
      what,
    },
    call,
    BODY_LIMIT,
  );
  const { entries } = parseTreePage(json, what);
  const asked = new Set(paths);
  const found = new Map<string, Entry>();
  for (const entry of entries) if (asked.has(entry.path)) found.set(entry.path, entry);
  await provePointers([...found.values()], what);
  return [...found.values()];
}
