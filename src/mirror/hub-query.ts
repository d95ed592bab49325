import { SwarmError } from '../errors.ts';

/** More than any client sends. */
const MAX_PARAMETERS = 64;

/**
 * A query for the Hub in one spelling, so that it can be part of a cache key: sorted, without repetitions, booleans in
 * lower case. Asking for Xet fields is left out: their values would be removed anyway, and not every hub knows them.
 *
 * @param names the parameters to keep; all when left out.
 * @returns `?a=b&c=d`, or ''. Throws BAD_REQUEST for more than 64 parameters.
 */
export function hubQuery(query: URLSearchParams, names?: readonly string[]): string {
  const kept = new Set<string>();
  for (const [name, value] of query) {
    if (names && !names.includes(name)) continue;
    if (/^expand(\[\])?$/.test(name) && /^xet/i.test(value)) continue;
    const tidy = /^(true|false)$/i.test(value) ? value.toLowerCase() : value;
    kept.add(`${encodeURIComponent(name)}=${encodeURIComponent(tidy)}`);
  }
  if (kept.size > MAX_PARAMETERS) throw new SwarmError('BAD_REQUEST', 'The query has too many parameters');
  return kept.size === 0 ? '' : `?${[...kept].sort().join('&')}`;
}
