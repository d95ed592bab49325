/**
 * Is this host exempt from the proxy? The usual rules of `NO_PROXY`: host names and domains (with or without a leading
 * dot or `*.`), each with an optional port, separated by commas or spaces; `*` exempts everything.
 */
export function bypassesProxy(url: URL, noProxy: string | undefined): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const host = url.hostname.toLowerCase();
  return (noProxy ?? '').split(/[,\s]+/).some((item) => {
    if (item === '') return false;
    if (item === '*') return true;
    const [, name = item, itemPort] = /^(.*?[^:]|\[.*\]):(\d+)$/.exec(item) ?? [];
    const domain = name.toLowerCase().replace(/^\*?\./, '');
    return (itemPort === undefined || itemPort === port) && (host === domain || host.endsWith(`.${domain}`));
  });
}
