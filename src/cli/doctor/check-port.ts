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
    const version = inUse ? await versionAt(host, port, signal) : undefined;
    if (version !== undefined) {
      return { check: 'port', status: 'ok', detail: `modelswarm ${version} answers on ${where}`, serverRuns: true };
    }
    const detail = inUse ? `${where} is taken by another program` : `${where} cannot be used: ${reasonOf(error)}`;
    return { check: 'port', status: 'fail', detail, serverRuns: false };
  } finally {
    probe.close();
  }
}

async function versionAt(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  // An address to listen on that means "all of them" is none to connect to.
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(3000)]);
    const response = await fetch(`http://${target}:${port}/-/health`, { signal: within });
    const health: unknown = await response.json();
    const version = typeof health === 'object' && health !== null && 'version' in health ? health.version : undefined;
    return response.ok && typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
