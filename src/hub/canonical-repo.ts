import type { RepoRef } from '../contracts/domain.ts';
import { parseHubPath } from '../hub-format/hub-path.ts';
import type { HubConnection } from './hub-connection.ts';

/**
 * The repo that a URL of the Hub names; undefined when it names none. After a redirect that is the canonical name of a
 * renamed, legacy or differently cased repo.
 */
export function repoInUrl(hub: HubConnection, url: URL): RepoRef | undefined {
  const base = hub.endpoint.pathname.replace(/\/$/, '');
  if (!url.pathname.startsWith(`${base}/`)) return undefined;
  try {
    const route = parseHubPath(url.pathname.slice(base.length));
    return route.route === 'unknown' ? undefined : route.repo;
  } catch {
    // The Hub may redirect to paths that we would not ask for; they name no repo.
    return undefined;
  }
}
