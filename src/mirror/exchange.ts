import type { Caller } from '../contracts/access.ts';

/** One request to the mirror, read once. */
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

/** Is a boolean of the query set? Clients write `true`, `True` and `1`, and some only the name. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && ['', '1', 'true'].includes(value.toLowerCase());
}
