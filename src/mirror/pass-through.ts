import type { HubAnswer } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { cacheStatus } from '../http/cache-status.ts';
import { headerText, INERT_HEADERS } from '../http/content-headers.ts';
import type { Exchange } from '../http/exchange.ts';
import { canonicalPathname } from '../hub-format/hub-urls.ts';
import { rewriteLinks } from '../hub-format/rewrite-links.ts';
import { removeXetKeys } from '../hub-format/xet-signals.ts';
import { limitBody, readBounded } from './bounded-body.ts';
import { throwRefusal } from './hub-json.ts';
import { hubQuery } from './hub-query.ts';
import { ownUrl } from './json-answer.ts';
import type { MirrorParts } from './mirror-parts.ts';

/** JSON is taken in whole, to look for Xet keys; anything else streams up to the second bound. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

const KEPT = ['x-total-count', 'x-repo-commit', 'x-error-code', 'x-error-message', 'x-hf-warning'];

/**
 * Asks the Hub what this client asks us, with the client's own token, and stores nothing: for API routes that we do not
 * know and for questions about the caller. GET and HEAD only. Throws the Hub's refusals, RATE_LIMITED, UPSTREAM_*,
 * OFFLINE.
 */
export async function passThrough(options: MirrorParts, exchange: Exchange): Promise<Response> {
  const { hub, clock } = options;
  const { method, caller, signal, request } = exchange;
  const path = canonicalPathname(exchange.pathname) + hubQuery(exchange.query);
  if (options.offline)
    throw new SwarmError('OFFLINE', 'This server is offline and does not keep answers on this route');
  options.charge(caller.client);
  const accept = request.headers.get('accept') ?? '*/*';
  const answer = await hub.request(
    path,
    { method, headers: { accept: headerText(accept) } },
    { token: caller.token, signal },
  );
  await throwRefusal(answer, exchange.pathname, clock.now());
  const headers = new Headers(INERT_HEADERS.map(([name, value]): [string, string] => [name, value]));
  for (const name of KEPT) {
    const value = answer.headers.get(name);
    if (value !== null) headers.set(name, headerText(value));
  }
  const link = rewriteLinks(answer.headers.get('link'), hub.endpoint, ownUrl(options, request));
  if (link) headers.set('Link', link);
  headers.set('Cache-Control', 'private, no-store');
  headers.set('Vary', 'Authorization');
  headers.set('Cache-Status', cacheStatus('bypass'));
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  headers.set('Content-Type', headerText(type));
  const body = method === 'HEAD' ? await emptied(answer) : await bodyOf(answer, type, path);
  return new Response(body, { status: answer.status, headers });
}

async function emptied(answer: HubAnswer): Promise<null> {
  await answer.body?.cancel();
  return null;
}

async function bodyOf(answer: HubAnswer, type: string, path: string): Promise<BodyInit | null> {
  if (!answer.body) return null;
  if (!/\bjson\b/i.test(type))
    return limitBody(answer.body, MAX_STREAM_BYTES) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const tooLarge = (): SwarmError =>
    new SwarmError('UPSTREAM_INVALID', `The Hub's answer on ${path} is larger than ${MAX_JSON_BYTES} bytes`);
  const bytes = await readBounded(answer.body, MAX_JSON_BYTES, tooLarge);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // What cannot be read cannot be rewritten; the client may know better.
    return bytes;
  }
  removeXetKeys(json);
  return JSON.stringify(json);
}
