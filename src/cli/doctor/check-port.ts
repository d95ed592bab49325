import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Finding, reasonOf } from './finding.ts';

export interface PortFinding extends Finding {
  /** A modelswarm answers there. */
  readonly serverRuns: boolean;
}

/** Can the server listen here, or does one of ours do so already? */
export async function checkPort(host: string, port: number, signal: AbortSignal): Promise<PortFinding> {
  const where = `${host}:${port}`;
  const probe = createServer();
  try {
    probe.listen({ host, port });
    await once(probe, 'listening', { signal });
    return { check: 'port', status: 'ok', detail: `${where} is free`, serverRuns: false };
  } catch (error) {
    signal.throwIfAborted();
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const version = inUse ? await versionAt(connectUrl(host, port), signal) : undefined;
    if (version !== undefined) {
      return { check: 'port', status: 'ok', detail: `modelswarm ${version} answers on ${where}`, serverRuns: true };
    }
    const detail = inUse ? `${where} is taken by another program` : `${where} cannot be used: ${reasonOf(error)}`;
    return { check: 'port', status: 'fail', detail, serverRuns: false };
  } finally {
    probe.close();
  }
}

/** Does the way through the reverse proxy end at our server? Asked only while one runs here. */
export async function checkPublicUrl(url: string, signal: AbortSignal): Promise<Finding> {
  const version = await versionAt(url.replace(/\/+$/, ''), signal);
  if (version !== undefined)
    return { check: 'public-url', status: 'ok', detail: `modelswarm ${version} answers on ${url}` };
  const detail = `no modelswarm answers on ${url}: look at the reverse proxy, DNS and the certificate`;
  return { check: 'public-url', status: 'fail', detail };
}

/** The version of the modelswarm that answers at a base URL. */
async function versionAt(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(3000)]);
    const response = await fetch(`${url}/-/health`, { signal: within });
    const health: unknown = await response.json();
    const version = typeof health === 'object' && health !== null && 'version' in health ? health.version : undefined;
    return response.ok && typeof version === 'string' ? version : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** What to connect to for an address to listen on: those that mean "all of them" are none to connect to. */
function connectUrl(host: string, port: number): string {
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${target}:${port}`;
}
