import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { SwarmError } from '../errors.ts';
import type { HubDispatchers } from './dispatcher.ts';
import { type Answer, exchange } from './exchange.ts';
import type { LookupGate } from './lookup-gate.ts';
import type { Quota } from './quota.ts';
import type { RetryPolicy } from './retry.ts';
import type { TargetGuard } from './target-guard.ts';

/** What the functions of the client share. */
export interface HubConnection {
  /** The configured Hub, without a slash at the end of its path. */
  readonly endpoint: URL;
  readonly dispatchers: HubDispatchers;
  readonly guard: TargetGuard;
  readonly quota: Quota;
  readonly gate: LookupGate;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly userAgent: string;
  readonly retry: RetryPolicy;
  readonly headersTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

export interface HubRequest {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Lower-case names. `user-agent` overrides ours. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
  readonly token?: string | undefined;
  readonly priority?: 'known' | 'unknown' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `bytes`: on the connections for file content. Default `metadata`. */
  readonly purpose?: 'metadata' | 'bytes' | undefined;
}

/** Is this URL on the configured Hub? Only then does a request carry the caller's token, and count against the quota. */
export function isOnHub(hub: HubConnection, url: URL): boolean {
  return url.origin === hub.endpoint.origin;
}

const basePath = (hub: HubConnection): string => hub.endpoint.pathname.replace(/\/$/, '');

/** The URL of a path of the Hub's URL space. `path` starts with `/`, is encoded, and may have a query. */
export function hubUrl(hub: HubConnection, path: string): URL {
  return new URL(hub.endpoint.origin + basePath(hub) + path);
}

/** The path of a URL within the Hub's URL space, without its query; undefined when the URL is not in it. */
export function hubPathname(hub: HubConnection, url: URL): string | undefined {
  const base = basePath(hub);
  return isOnHub(hub, url) && url.pathname.startsWith(`${base}/`) ? url.pathname.slice(base.length) : undefined;
}

function authorization(token: string): string {
  // Visible ASCII only: anything else is no token, and could break out of the header.
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) throw new SwarmError('BAD_REQUEST', 'The access token is malformed.');
  return `Bearer ${token}`;
}

/**
 * Sends one request to the Hub, or to where the Hub redirected to, and returns its answer whatever the status. This is
 * the one place that adds the token, and it does so for the Hub's own origin only.
 *
 * @throws SwarmError RATE_LIMITED (quota), UPSTREAM_INVALID (forbidden target), BAD_REQUEST (malformed token), and what
 * `exchange` throws.
 */
export async function send(hub: HubConnection, request: HubRequest): Promise<Answer> {
  const { url, token, signal } = request;
  const onHub = isOnHub(hub, url);
  const counted = { pathname: hubPathname(hub, url) ?? url.pathname, token };
  if (onHub) await hub.quota.admit({ ...counted, priority: request.priority ?? 'unknown' }, signal);
  else await hub.guard.check(url);
  const bytes = request.purpose === 'bytes';
  const answer = await exchange(bytes ? hub.dispatchers.bytes(url) : hub.dispatchers.metadata(url), {
    url,
    method: request.method,
    headers: {
      'user-agent': hub.userAgent,
      // Sizes and ranges must mean the file's own bytes.
      'accept-encoding': 'identity',
      ...request.headers,
      ...(onHub && token !== undefined ? { authorization: authorization(token) } : {}),
    },
    body: request.body,
    signal,
    headersTimeoutMs: bytes ? hub.stallTimeoutMs : hub.headersTimeoutMs,
    bodyTimeoutMs: hub.stallTimeoutMs,
  });
  if (onHub) {
    hub.quota.learn(counted, answer);
    if (answer.status === 429) hub.logger.warn({ host: url.host, path: url.pathname }, 'the Hub answered 429');
  }
  return answer;
}
