import { isSha1 } from '../base/hex.ts';
import type { Grant } from '../contracts/access.ts';
import type { Verified } from '../contracts/files.ts';
import { type CacheOutcome, cacheStatus } from './cache-status.ts';
import { contentDisposition, INERT_HEADERS, inertContentType } from './content-headers.ts';
import type { Header } from './plan-file.ts';
import { STALE_HEADERS } from './stale-headers.ts';

export interface FileHeaderOptions {
  /** The revision that was asked for: only a full commit id never moves. */
  readonly revision: string;
  /** Quoted. */
  readonly etag: string;
  readonly disposition: 'inline' | 'attachment';
  readonly cache: CacheOutcome;
  /** How the bytes were checked; undefined when none are sent and the file is not held. */
  readonly verified: Verified | undefined;
}

/**
 * The headers of an answer about a file's content that depend on the file and the grant, not on range or conditions.
 * Every signal that would lead a client around the mirror (X-Xet-*, Link, Location) is missing on purpose.
 */
export function fileHeaders(grant: Grant, options: FileHeaderOptions): Header[] {
  const { entry, commit } = grant;
  const headers: Header[] = [
    ['X-Repo-Commit', commit],
    ['X-Linked-Size', String(entry.size)],
    ['X-Linked-ETag', options.etag],
    ['Content-Type', inertContentType(entry.path)],
    ['Content-Disposition', contentDisposition(entry.path, options.disposition)],
    ...INERT_HEADERS,
    ['Cache-Control', cacheControl(grant, options)],
    ['Cache-Status', cacheStatus(options.cache)],
  ];
  if (grant.access === 'restricted') headers.push(['Vary', 'Authorization']);
  if (options.verified) headers.push(['X-Modelswarm-Verified', options.verified]);
  if (grant.stale) headers.push(...STALE_HEADERS);
  return headers;
}

/**
 * `no-transform`: a proxy that compresses text would take `Content-Length` away, which python clients insist on. Bytes
 * that are not yet known to be right are stored nowhere. A day at a commit, not a year: a repo may be gated tomorrow.
 */
function cacheControl(grant: Grant, { revision, verified }: FileHeaderOptions): string {
  if (verified === 'provisional') return 'no-store, no-transform';
  if (grant.access === 'restricted') return 'private, no-cache, no-transform';
  return isSha1(revision) && !grant.stale
    ? 'public, max-age=86400, immutable, no-transform'
    : 'public, no-cache, no-transform';
}
