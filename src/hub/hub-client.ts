import { silentLogger } from '../base/silent-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import { VERSION } from '../base/version.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { Logger } from '../contracts/logger.ts';
import { SwarmError } from '../errors.ts';
import { createHubDispatchers, type ProxyOptions } from './dispatcher.ts';
import type { HubConnection } from './hub-connection.ts';
import { createLookupGate } from './lookup-gate.ts';
import { pathsInfo } from './paths-info.ts';
import { createQuota } from './quota.ts';
import { repoInfo } from './repo-info.ts';
import { request } from './request.ts';
import { resolveFile } from './resolve-file.ts';
import { hubSource } from './source.ts';
import { createTargetGuard, type ResolveHost } from './target-guard.ts';
import { tree } from './tree.ts';

export interface HubClientOptions {
  /** `https://huggingface.co`, or another server that speaks its protocol; may have a path. */
  readonly endpoint: string;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Default `modelswarm/<version>`. */
  readonly userAgent?: string | undefined;
  readonly proxy?: ProxyOptions | undefined;
  /** Certificates (PEM) that are trusted besides the usual ones. */
  readonly ca?: string | undefined;
  /** Connections to one host, for metadata and for bytes each. Default 64. */
  readonly connections?: number | undefined;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest wait for the first byte of a metadata answer. Default 10 s, which is what clients of a mirror wait. */
  readonly headersTimeoutMs?: number | undefined;
  /** Longest silence in a body, and before the first byte of file content. Default 20 s. */
  readonly stallTimeoutMs?: number | undefined;
  /** Tries of one GET or HEAD, the first included. Default 4. */
  readonly attempts?: number | undefined;
  /** No try of a GET or HEAD starts later than this after the first. Default 8 s. */
  readonly retryForMs?: number | undefined;
  /** Look-ups at once for repos that are not known yet. Default 32; 512 more may wait. */
  readonly unknownLookups?: number | undefined;
  /** Uniform in [0, 1). Default Math.random. */
  readonly random?: (() => number) | undefined;
  /** Name look-up. Default: the system's. */
  readonly resolveHost?: ResolveHost | undefined;
}

const WAITING_LOOKUPS = 512;

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase = url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (!isBase) {
    throw new SwarmError('CONFIG', 'The upstream is not the base URL of a Hub. It looks like https://huggingface.co.');
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/**
 * Opens a client of one Hub. All its calls share connections, retries and one request quota.
 *
 * @throws SwarmError CONFIG when the endpoint or a proxy is malformed.
 */
export function createHubClient(options: HubClientOptions): HubClient {
  const endpoint = parseEndpoint(options.endpoint);
  const { clock = systemClock, logger = silentLogger } = options;
  const guard = createTargetGuard({ endpoint, resolveHost: options.resolveHost });
  const dispatchers = createHubDispatchers({
    guard,
    proxy: options.proxy,
    ca: options.ca,
    connections: options.connections ?? 64,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
  });
  const hub: HubConnection = {
    endpoint,
    dispatchers,
    guard,
    quota: createQuota(clock),
    gate: createLookupGate({ concurrent: options.unknownLookups ?? 32, waiting: WAITING_LOOKUPS }),
    clock,
    logger,
    random: options.random ?? Math.random,
    userAgent: options.userAgent ?? `modelswarm/${VERSION}`,
    retry: { attempts: options.attempts ?? 4, totalMs: options.retryForMs ?? 8000 },
    headersTimeoutMs: options.headersTimeoutMs ?? 10_000,
    stallTimeoutMs: options.stallTimeoutMs ?? 20_000,
  };
  return {
    endpoint: endpoint.href.replace(/\/$/, ''),
    resolveFile: (repo, revision, path, call) => resolveFile(hub, repo, revision, path, call),
    repoInfo: (repo, revision, call) => repoInfo(hub, repo, revision, call),
    tree: (repo, commit, call) => tree(hub, repo, commit, call),
    pathsInfo: (repo, commit, paths, call) => pathsInfo(hub, repo, commit, paths, call),
    source: (file, call) => hubSource(hub, file, call),
    request: (path, init, call) => request(hub, path, init, call),
    close: () => dispatchers.close(),
  };
}
