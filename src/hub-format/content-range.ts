/** A `Content-Range` of bytes. `end` is exclusive; both are missing in `bytes *\/N` (what comes with a 416). */
export interface ContentRange {
  readonly start?: number;
  readonly end?: number;
  /** Missing when the server does not know it (`*`). */
  readonly size?: number;
}

/** Parses `Content-Range` (RFC 9110 §14.4); undefined when it is missing, malformed or contradicts itself. */
export function parseContentRange(value: string | null | undefined): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i.exec(value?.trim() ?? '');
  if (!match) return undefined;
  const size = match[3] === '*' ? undefined : Number(match[3]);
  if (size !== undefined && !Number.isSafeInteger(size)) return undefined;
  if (match[1] === undefined) return size === undefined ? undefined : { size };
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  if (!Number.isSafeInteger(end) || start >= end || (size !== undefined && end > size)) return undefined;
  return size === undefined ? { start, end } : { start, end, size };
}
