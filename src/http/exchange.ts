import type { Caller } from '../contracts/access.ts';

/** One request, read once. */
export interface Exchange {
  readonly request: Request;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly caller: Caller;
  /** As sent: percent-encoded, without the query. */
  readonly pathname: string;
  readonly query: URLSearchParams;
  /** Path and query as sent: the key of the hot table. */
  readonly target: string;
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
}

/** Reads a request once. `request.url` keeps the path as it was sent. */
export function readExchange(request: Request, caller: Caller): Exchange {
  const target = request.url.slice(request.url.indexOf('/', request.url.indexOf('://') + 3));
  const [pathname = '/', ...query] = target.split('?');
  return {
    request,
    method: request.method as Exchange['method'],
    caller,
    target,
    pathname,
    query: new URLSearchParams(query.join('?')),
    signal: request.signal,
  };
}

/** Is a boolean of the query set? Clients write `true`, `True` and `1`, and some only the name. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && ['', '1', 'true'].includes(value.toLowerCase());
}
