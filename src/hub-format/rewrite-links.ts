import { formatLinkHeader, hasRel, parseLinkHeader } from './link-header.ts';

/** A client that sees one of these goes around the mirror to the Xet servers. */
const XET_RELATIONS = ['xet-auth', 'xet-reconstruction-info'];

/** `url` below `from` moved below `to`; undefined when it is not below `from`. */
function moved(url: string, from: URL, to: string): string | undefined {
  if (!URL.canParse(url, from)) return undefined;
  const target = new URL(url, from);
  const base = from.pathname.replace(/\/$/, '');
  if (target.origin !== from.origin || !`${target.pathname}/`.startsWith(`${base}/`)) return undefined;
  return `${to}${target.pathname.slice(base.length)}${target.search}`;
}

/**
 * A `Link` header of the Hub with its URLs moved to this server, absolute (some clients match `https?://` only).
 * Links to anywhere else are dropped, as clients follow them as they stand and would leave the mirror; so are the
 * relations of Xet.
 *
 * @param value the Hub's header.
 * @param endpoint base URL of the Hub, without a slash at the end.
 * @param publicUrl base URL of this server, without a slash at the end.
 * @returns the new header; undefined when no link is left.
 * @throws SwarmError UPSTREAM_INVALID when the header is absurdly long.
 */
export function rewriteLinks(
  value: string | null | undefined,
  endpoint: string,
  publicUrl: string,
): string | undefined {
  const from = new URL(endpoint);
  const links = parseLinkHeader(value).flatMap((link) => {
    if (XET_RELATIONS.some((rel) => hasRel(link, rel))) return [];
    const url = moved(link.url, from, publicUrl);
    return url === undefined ? [] : [{ url, params: link.params }];
  });
  return links.length > 0 ? formatLinkHeader(links) : undefined;
}
