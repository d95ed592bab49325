/** What a `Range` header asks of a file. `all`: no range that we honour, so the whole file. */
export type RangeRequest =
  | { readonly kind: 'all' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

const ALL: RangeRequest = { kind: 'all' };
const UNSATISFIABLE: RangeRequest = { kind: 'unsatisfiable' };

/**
 * Reads a `Range` header (RFC 9110 §14.1.2) against a file of `size` bytes; `end` is exclusive.
 * Malformed headers, other units and several ranges at once are answered with the whole file, as §14.2 allows.
 * Of an empty file there is nothing to cut: a range that starts at its first byte is the whole file too.
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  if (header === undefined) return ALL;
  const match = /^bytes=[\t ,]*(?:(\d+)-(\d*)|-(\d+))[\t ,]*$/i.exec(header);
  if (!match) return ALL;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Number(suffix);
    if (length === 0) return UNSATISFIABLE;
    return size === 0 ? ALL : { kind: 'range', start: Math.max(0, size - length), end: size };
  }
  const start = Number(first);
  const end = last ? Number(last) + 1 : size;
  if (last && Number(last) < start) return ALL;
  if (size === 0 && start === 0) return ALL;
  if (start >= size) return UNSATISFIABLE;
  return { kind: 'range', start, end: Math.min(end, size) };
}
