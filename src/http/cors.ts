import type { Header } from './plan-file.ts';

/** Headers that scripts of other origins may read: those that the Hub exposes, and what download progress needs. */
const EXPOSED = [
  'X-Repo-Commit',
  'X-Request-Id',
  'X-Error-Code',
  'X-Error-Message',
  'X-Total-Count',
  'ETag',
  'Link',
  'Accept-Ranges',
  'Content-Range',
  'X-Linked-Size',
  'X-Linked-ETag',
  'Content-Length',
  'Content-Disposition',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Cache-Status',
  'X-Modelswarm-Verified',
  'X-HF-Warning',
].join(', ');

const ALLOWED = [
  'Authorization',
  'Range',
  'If-Range',
  'Content-Type',
  'Accept',
  'If-None-Match',
  'User-Agent',
  'X-Requested-With',
  'X-Request-Id',
  'X-Modelswarm-Client-Token',
].join(', ');

/**
 * The CORS headers of every answer. They are the same with and without an `Origin`, so that no cache can hand a page an
 * answer that lacks them. `*` lets pages read what anybody may read: browsers attach no cookies to it, and a token only
 * if the page has it.
 */
export const CORS_HEADERS: readonly Header[] = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', EXPOSED],
];

/** The answer to a preflight: 204 without a body, good for a day. */
export function preflightResponse(): Response {
  return new Response(null, {
    status: 204,
    headers: [
      ...CORS_HEADERS.map(([name, value]): [string, string] => [name, value]),
      ['Access-Control-Allow-Methods', 'GET, HEAD, POST, OPTIONS'],
      ['Access-Control-Allow-Headers', ALLOWED],
      ['Access-Control-Max-Age', '86400'],
      ['Allow', 'GET, HEAD, POST, OPTIONS'],
    ],
  });
}
