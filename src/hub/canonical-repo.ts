import type { RepoRef } from '../contracts/domain.ts';
import { parseHubPath } from '../hub-format/hub-path.ts';
import { type HubConnection, hubPathname } from './hub-connection.ts';

/**
 * The repo that a URL of the Hub names; undefined when it names none. After a redirect that is the canonical name of a
 * renamed, legacy or differently cased repo.
 */
export function repoInUrl(hub: HubConnection, url: URL): RepoRef | undefined {
  const pathname = hubPathname(hub, url);
  if (pathname === undefined) return undefined;
  try {
    const route = parseHubPath(pathname);
    return route.route === 'unknown' ? undefined : route.repo;
  } catch {
    // The Hub may redirect to paths that we would not ask for; they name no repo.
    return undefined;
  }
}
