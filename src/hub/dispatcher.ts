import { getCACertificates } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { SwarmError } from '../errors.ts';
import { bypassesProxy } from './no-proxy.ts';
import type { TargetGuard } from './target-guard.ts';

/** Corporate proxies, as the environment variables of the same names would give them. */
export interface ProxyOptions {
  /** For `http:` targets. */
  readonly http?: string | undefined;
  /** For `https:` targets; the proxy URL itself may be plain http. */
  readonly https?: string | undefined;
  readonly noProxy?: string | undefined;
}

export interface HubDispatchersOptions {
  readonly guard: TargetGuard;
  readonly proxy?: ProxyOptions | undefined;
  /** Certificates (PEM) that are trusted besides the system's defaults. */
  readonly ca?: string | undefined;
  /** Connections to one host, for metadata and for bytes each. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/**
 * Connections of two kinds. Metadata and bytes have pools of their own: otherwise long downloads from the Hub's own
 * host take every connection, and a HEAD that a client waits ten seconds for queues behind them.
 */
export interface HubDispatchers {
  metadata(url: URL): Dispatcher;
  bytes(url: URL): Dispatcher;
  /** Ends all connections, also those in use. */
  close(): Promise<void>;
}

/** Idle time after which a connection is closed, unless the server asked for less. Below the 60 s of common servers. */
const KEEP_ALIVE_MS = 20_000;

function proxyAgent(uri: string, options: HubDispatchersOptions, ca: string[] | undefined): ProxyAgent {
  const tls = { timeout: options.connectTimeoutMs, ...(ca ? { ca } : {}) };
  try {
    return new ProxyAgent({
      uri,
      // http targets are asked of the proxy in the plain form; many proxies allow CONNECT to port 443 only.
      proxyTunnel: false,
      requestTls: tls,
      proxyTls: tls,
      connections: options.connections,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
  } catch {
    // Without a cause: the proxy's URL may hold a password.
    throw new SwarmError('CONFIG', 'The proxy URL is not valid. It looks like http://proxy.example:3128.');
  }
}

/** Chooses between the direct way and the proxies, for one pool of connections. What it opens it adds to `opened`. */
function createRoutes(
  options: HubDispatchersOptions,
  ca: string[] | undefined,
  opened: Dispatcher[],
): (url: URL) => Dispatcher {
  const { guard, proxy = {} } = options;
  const direct = new Agent({
    connect: buildConnector({ timeout: options.connectTimeoutMs, lookup: guard.lookup, ...(ca ? { ca } : {}) }),
    connections: options.connections,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const http = proxy.http ? proxyAgent(proxy.http, options, ca) : direct;
  const https = proxy.https ? proxyAgent(proxy.https, options, ca) : direct;
  opened.push(...new Set([direct, http, https]));
  return (url) => {
    if (bypassesProxy(url, proxy.noProxy)) return direct;
    return url.protocol === 'https:' ? https : http;
  };
}

/**
 * Opens the two pools. Names that the proxy resolves are the proxy's to judge; everything else is resolved through the
 * guard.
 *
 * @throws SwarmError CONFIG when a proxy URL is malformed.
 */
export function createHubDispatchers(options: HubDispatchersOptions): HubDispatchers {
  // Node takes `ca` in place of its own list, so the defaults are added again.
  const ca = options.ca ? [...getCACertificates('default'), options.ca] : undefined;
  const opened: Dispatcher[] = [];
  const metadata = createRoutes(options, ca, opened);
  const bytes = createRoutes(options, ca, opened);
  return {
    metadata,
    bytes,
    async close() {
      await Promise.all(opened.map((dispatcher) => dispatcher.destroy()));
    },
  };
}
