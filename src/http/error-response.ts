import { isSwarmError, type SwarmError } from '../errors.ts';
import { headerText } from './content-headers.ts';

/** `api`: JSON `{"error"}`; `file`: plain text, as the Hub answers on file routes. */
export type ErrorStyle = 'api' | 'file';

/** The one refusal that clients recognise by its exact words, and that must carry no error code. */
const BAD_TOKEN = 'Invalid credentials in Authorization header';

/**
 * Any thrown value as an answer, in the Hub's own words where the Hub refused. Our own failures name their `ErrorCode`
 * in `X-Error-Code`. What is not a SwarmError is a bug: its message stays in the log.
 */
export function errorResponse(error: unknown, style: ErrorStyle): Response {
  if (!isSwarmError(error)) return render(500, 'INTERNAL', 'Internal error', style, new Headers());
  const headers = new Headers();
  const refusal = error.code === 'HUB_REFUSED' ? error.hub : undefined;
  const commit = error.hub?.commit;
  if (commit) headers.set('X-Repo-Commit', commit);
  if (!refusal) {
    addRetry(headers, error);
    return render(error.status, error.code, error.message, style, headers);
  }
  if (refusal.wwwAuthenticate) headers.set('WWW-Authenticate', headerText(refusal.wwwAuthenticate));
  // A 401 without a code means "no such repo, or private". Python clients read that off an https:// URL only, so on
  // our http:// address the code has to say it.
  const hidden = refusal.status === 401 && refusal.message !== BAD_TOKEN;
  const code = refusal.errorCode ?? (hidden ? 'RepoNotFound' : undefined);
  return render(refusal.status, code, refusal.message, style, headers);
}

/** An answer of an error that no exception stands for (405, unknown routes). */
export function plainError(status: number, code: string | undefined, message: string, style: ErrorStyle): Response {
  return render(status, code, message, style, new Headers());
}

function addRetry(headers: Headers, error: SwarmError): void {
  if (error.retryAfterSeconds === undefined) return;
  const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds));
  headers.set('Retry-After', String(seconds));
  if (error.code === 'RATE_LIMITED') headers.set('RateLimit', `"resolvers";r=0;t=${seconds}`);
}

function render(
  status: number,
  code: string | undefined,
  message: string,
  style: ErrorStyle,
  headers: Headers,
): Response {
  if (code) headers.set('X-Error-Code', headerText(code));
  headers.set('X-Error-Message', headerText(message));
  headers.set('Cache-Control', 'no-store');
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Content-Type', style === 'api' ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8');
  const body = new TextEncoder().encode(style === 'api' ? JSON.stringify({ error: message }) : message);
  headers.set('Content-Length', String(body.length));
  return new Response(body, { status, headers });
}
