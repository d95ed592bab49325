import { VERSION } from '../base/version.ts';
import type { BlobUsage } from '../contracts/blob-store.ts';
import { plainError } from '../http/error-response.ts';
import { openApiDocument } from '../torrents/openapi.ts';
import { HOME_PAGE_POLICY, homePage } from './home-page.ts';

/** What our own pages tell. */
export interface OwnRoutesOptions {
  readonly upstream: string;
  readonly offline: boolean;
  /** Only callers with a client token are served. */
  readonly wantsToken: boolean;
  /** What is held; undefined before the data directory is open. */
  readonly usage: () => BlobUsage | undefined;
  /** Is the data directory open, and the server not about to close? Opens it when nobody has yet. */
  readonly isReady: () => Promise<boolean>;
}

/** Is this path ours? The rest belongs to the mirror: `-` cannot start a namespace of the Hub. */
export function isOwnPath(pathname: string): boolean {
  return pathname === '/' || pathname.startsWith('/-/');
}

/**
 * Answers `/` (a page), `/-/health` (200 while the process answers) and `/-/ready` (200 when requests may be sent here,
 * whether or not the Hub can be reached). `url`: this server as the client sees it.
 */
export async function answerOwnRoute(
  options: OwnRoutesOptions,
  { method, pathname, url }: { readonly method: string; readonly pathname: string; readonly url: string },
): Promise<Response> {
  if (method !== 'GET' && method !== 'HEAD') {
    const answer = plainError(405, undefined, `${method} is not possible here.`, 'api');
    answer.headers.set('Allow', 'GET, HEAD, OPTIONS');
    return answer;
  }
  switch (pathname) {
    case '/': {
      const page = homePage({ ...options, url, version: VERSION, usage: options.usage() });
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': HOME_PAGE_POLICY };
      return new Response(page, { headers: { ...headers, ...COMMON } });
    }
    case '/-/health':
      return Response.json({ status: 'ok', version: VERSION }, { headers: COMMON });
    case '/-/ready': {
      const ready = await options.isReady();
      return Response.json({ status: ready ? 'ready' : 'not ready' }, { status: ready ? 200 : 503, headers: COMMON });
    }
    case '/-/api/openapi.json':
      return Response.json(openApiDocument({ version: VERSION, url }), { headers: COMMON });
    default:
      return plainError(404, undefined, 'There is nothing here.', 'api');
  }
}

const COMMON = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };
