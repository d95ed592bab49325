import { isSameStrongTag, listsEntityTag } from './entity-tag.ts';
import { parseRange } from './range-header.ts';

/** One header, name and value. */
export type Header = readonly [name: string, value: string];

/** What an answer depends on, besides the request. */
export interface ServedFile {
  readonly size: number;
  /** Strong and quoted: `"<hex>"`. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number;
}

/**
 * How a GET or HEAD of a file is to be answered: bytes `[start, end)`, and the headers that follow from the request.
 */
export interface FilePlan {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly start: number;
  readonly end: number;
  /** `ETag`, `Accept-Ranges`, `Content-Length`, `Content-Range`, `Last-Modified`, as far as they apply. */
  readonly headers: readonly Header[];
}

export interface PlanOptions {
  /** Answer ranges with the whole file: a client that resumes must not glue this file to what it has. */
  readonly ignoreRange?: boolean | undefined;
  /** Answer as if no precondition had been sent (the Hub's `/raw/` never answers 304). */
  readonly ignoreConditions?: boolean | undefined;
}

/**
 * Evaluates the preconditions and the range of a GET or HEAD (RFC 9110 §13.2.2 and §14.2), once for every route.
 * `header` looks a request header up by its lower-case name. Never throws: what it cannot read counts as absent.
 */
export function planFile(
  method: string,
  header: (name: string) => string | null | undefined,
  file: ServedFile,
  options: PlanOptions = {},
): FilePlan {
  const get = (name: string): string | undefined => header(name) ?? undefined;
  const { size } = file;
  const validators = describe(file);
  if (!options.ignoreConditions) {
    const failed = failedPrecondition(get, file);
    if (failed === 304) return { status: 304, start: 0, end: 0, headers: validators };
    if (failed === 412) return { status: 412, start: 0, end: 0, headers: [...validators, ['Content-Length', '0']] };
  }
  const whole: Header[] = [...validators, ['Accept-Ranges', 'bytes'], ['Content-Length', String(size)]];
  const rangeHeader = get('range');
  // Ranges are defined for GET only (§14.2); a HEAD with one describes the whole file.
  if (rangeHeader === undefined || method !== 'GET' || options.ignoreRange || !mayUseRange(get('if-range'), file)) {
    return { status: 200, start: 0, end: size, headers: whole };
  }
  const range = parseRange(rangeHeader, size);
  switch (range.kind) {
    case 'all':
      // Clients that probe an empty file with `bytes=0-0` look for its size in Content-Range.
      if (size === 0) whole.push(['Content-Range', 'bytes */0']);
      return { status: 200, start: 0, end: size, headers: whole };
    case 'unsatisfiable': {
      const headers: Header[] = [...validators, ['Content-Range', `bytes */${size}`], ['Content-Length', '0']];
      return { status: 416, start: 0, end: 0, headers };
    }
    case 'range': {
      const { start, end } = range;
      const headers: Header[] = [
        ...validators,
        ['Accept-Ranges', 'bytes'],
        ['Content-Length', String(end - start)],
        ['Content-Range', `bytes ${start}-${end - 1}/${size}`],
      ];
      return { status: 206, start, end, headers };
    }
  }
}

function describe(file: ServedFile): Header[] {
  const headers: Header[] = [['ETag', file.etag]];
  if (file.lastModified !== undefined) headers.push(['Last-Modified', new Date(file.lastModified).toUTCString()]);
  return headers;
}

/** The preconditions in the order of §13.2.2; dates count only where no entity tag was sent. */
function failedPrecondition(get: (name: string) => string | undefined, file: ServedFile): 304 | 412 | undefined {
  const modified = file.lastModified === undefined ? undefined : wholeSeconds(file.lastModified);
  const ifMatch = get('if-match');
  const unmodifiedSince = httpDate(get('if-unmodified-since'));
  if (ifMatch !== undefined) {
    if (!listsEntityTag(ifMatch, file.etag, 'strong')) return 412;
  } else if (modified !== undefined && unmodifiedSince !== undefined && modified > unmodifiedSince) return 412;

  const ifNoneMatch = get('if-none-match');
  const modifiedSince = httpDate(get('if-modified-since'));
  if (ifNoneMatch !== undefined) {
    if (listsEntityTag(ifNoneMatch, file.etag, 'weak')) return 304;
  } else if (modified !== undefined && modifiedSince !== undefined && modified <= modifiedSince) return 304;
  return undefined;
}

/** `If-Range` (§13.1.5): the range counts only if the client's copy is of exactly these bytes. */
function mayUseRange(ifRange: string | undefined, file: ServedFile): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) return isSameStrongTag(ifRange, file.etag);
  return file.lastModified !== undefined && httpDate(ifRange) === wholeSeconds(file.lastModified);
}

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

function httpDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : wholeSeconds(milliseconds);
}
