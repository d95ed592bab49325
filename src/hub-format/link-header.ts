import { SwarmError } from '../errors.ts';

/** One link of a `Link` header. */
export interface Link {
  readonly url: string;
  /** Names in lower case; the first of a repeated name counts. */
  readonly params: ReadonlyMap<string, string>;
}

/** Longest header that is looked at. Node itself cuts all headers together at 16 KiB. */
const MAX_LENGTH = 32_768;

// `<url>` and then `; name="quoted"` or `; name=token` (RFC 8288 §3). Commas may stand inside both.
const TARGET = /[\s,]*<([^>]*)>/y;
const PARAM = /\s*;\s*([\w!#$&+\-.^`|~*]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/y;

/**
 * Parses a `Link` header. Stops at the first thing that is not a link and keeps what came before.
 *
 * @throws SwarmError UPSTREAM_INVALID when the header is absurdly long.
 */
export function parseLinkHeader(value: string | null | undefined): Link[] {
  if (!value) return [];
  if (value.length > MAX_LENGTH) throw new SwarmError('UPSTREAM_INVALID', 'The Link header is too long.');
  const links: Link[] = [];
  TARGET.lastIndex = 0;
  for (let target = TARGET.exec(value); target; target = TARGET.exec(value)) {
    const params = new Map<string, string>();
    PARAM.lastIndex = TARGET.lastIndex;
    let end = TARGET.lastIndex;
    for (let param = PARAM.exec(value); param; param = PARAM.exec(value)) {
      end = PARAM.lastIndex;
      const name = (param[1] ?? '').toLowerCase();
      if (!params.has(name)) params.set(name, param[2]?.replace(/\\(.)/g, '$1') ?? param[3] ?? '');
    }
    links.push({ url: target[1] ?? '', params });
    TARGET.lastIndex = end;
  }
  return links;
}

/** Does the link have this relation? `rel` may hold several, separated by spaces. */
export function hasRel(link: Link, rel: string): boolean {
  return (link.params.get('rel') ?? '').toLowerCase().split(/\s+/).includes(rel);
}

/** Writes a `Link` header. Values are always quoted. */
export function formatLinkHeader(links: readonly Link[]): string {
  return links
    .map(({ url, params }) => {
      const written = [...params].map(([name, value]) => `; ${name}="${value.replace(/["\\]/g, '\\$&')}"`);
      return `<${url}>${written.join('')}`;
    })
    .join(', ');
}

/** The target of the first link with this relation. */
export function findLink(value: string | null | undefined, rel: string): string | undefined {
  return parseLinkHeader(value).find((link) => hasRel(link, rel))?.url;
}
