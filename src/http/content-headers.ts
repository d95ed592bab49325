import type { Header } from './plan-file.ts';

/** Endings that the Hub keeps as text; browsers show them instead of saving them. */
const TEXT = new Set(
  (
    'c cfg conf cpp css csv gitattributes gitignore h html ini ipynb j2 jinja js json jsonl license log md merges ' +
    'modelcard mjs py rst sh sql svg tex toml ts tsv txt vocab xml yaml yml'
  ).split(' '),
);

/**
 * A Content-Type that no browser runs or renders: repo bytes are hostile to every page of our origin. Clients parse by
 * file name, so text is `text/plain` (as the Hub serves JSON too) and everything else bytes.
 */
export function inertContentType(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const ending = name.slice(name.lastIndexOf('.') + 1);
  return TEXT.has(ending) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}

/** What keeps repo bytes from acting in a browser, whatever they are. */
export const INERT_HEADERS: readonly Header[] = [
  ['Content-Security-Policy', "sandbox; default-src 'none'"],
  ['X-Content-Type-Options', 'nosniff'],
];

/**
 * `Content-Disposition` as the Hub words it, for the last segment of `path` (RFC 6266: the plain name for old clients,
 * the encoded one for all others).
 */
export function contentDisposition(path: string, kind: 'inline' | 'attachment'): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '?');
  return `${kind}; filename*=UTF-8''${encoded}; filename="${plain}";`;
}

/** Any text as a header value: one line of printable Latin-1, at most 1,000 characters. */
export function headerText(text: string): string {
  return text
    .slice(0, 1000)
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
    .trim();
}
