import { createHash } from 'node:crypto';
import type { Grant } from '../contracts/access.ts';
import { cacheStatus } from '../http/cache-status.ts';
import { INERT_HEADERS } from '../http/content-headers.ts';
import type { Exchange } from '../http/exchange.ts';
import { planFile } from '../http/plan-file.ts';
import { serveGranted } from '../http/serve-granted.ts';
import { STALE_HEADERS } from '../http/stale-headers.ts';
import { encodeLfsPointer, lfsPointerGitObject } from '../hub-format/lfs-pointer.ts';
import type { MirrorOptions } from './mirror-options.ts';
import type { FileTarget } from './serve-file.ts';

/**
 * `/raw/`: what git keeps. For an LFS file that is the pointer, which its size and SHA-256 determine; for any other
 * file its bytes. The Hub answers no 304 here. Throws what `repos.entry` and `files.open` throw.
 */
export async function serveRaw(options: MirrorOptions, exchange: Exchange, target: FileTarget): Promise<Response> {
  const { caller, signal } = exchange;
  const grant = await options.repos.entry(caller, target.repo, target.revision, target.path, signal);
  const { sha256, size } = grant.entry;
  if (sha256 === undefined) {
    return serveGranted(options, exchange, grant, target.revision, { ignoreConditions: true });
  }
  return servePointer(exchange, grant, { sha256, size });
}

function servePointer(exchange: Exchange, grant: Grant, pointer: { sha256: string; size: number }): Response {
  const { request, method } = exchange;
  const text = new TextEncoder().encode(encodeLfsPointer(pointer));
  const gitOid = createHash('sha1').update(lfsPointerGitObject(pointer)).digest('hex');
  const served = { size: text.length, etag: `"${gitOid}"` };
  const plan = planFile(method, (name) => request.headers.get(name), served, { ignoreConditions: true });
  const headers = new Headers([
    ['X-Repo-Commit', grant.commit],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Cache-Control', grant.access === 'public' ? 'public, no-cache, no-transform' : 'private, no-cache, no-transform'],
    ['Cache-Status', cacheStatus(grant.stale ? 'stale' : 'hit')],
  ]);
  for (const [name, value] of [...INERT_HEADERS, ...plan.headers]) headers.set(name, value);
  if (grant.access === 'restricted') headers.set('Vary', 'Authorization');
  if (grant.stale) for (const [name, value] of STALE_HEADERS) headers.set(name, value);
  const body = method === 'HEAD' ? null : text.subarray(plan.start, plan.end);
  return new Response(body, { status: plan.status, headers });
}
