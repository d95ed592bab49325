import { SwarmError } from '../errors.ts';

/** Longest path of a file inside a repo, in UTF-16 units (git's own limit on most systems). */
export const MAX_PATH_LENGTH = 4096;
/** Longest revision; git refs stay far below. */
const MAX_REVISION_LENGTH = 255;
/** Longest request path we look at, still percent-encoded: Node's own limit for a request line and its headers. */
export const MAX_PATHNAME_LENGTH = 16_384;

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** What makes `/`-separated text unusable as a path below some root, or undefined when it is fine. */
function segmentsProblem(text: string, maxLength: number): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!text.isWellFormed()) return 'is not valid Unicode';
  if (CONTROL.test(text)) return 'contains a control character';
  for (const segment of text.split('/')) {
    if (segment === '') return 'contains an empty segment';
    if (segment === '.' || segment === '..') return `contains the segment "${segment}"`;
  }
  return undefined;
}

/**
 * Why `path` cannot be a file of a repo, as the end of a sentence; undefined when it can. Git allows a backslash in a
 * name, so one odd file must not hide its repo; whoever joins a path to a directory on Windows has to refuse it there.
 */
export function pathProblem(path: string): string | undefined {
  return segmentsProblem(path, MAX_PATH_LENGTH);
}

/** Why `revision` (decoded) cannot be a branch, tag, ref or commit; undefined when it can. */
export function revisionProblem(revision: string): string | undefined {
  // git-check-ref-format forbids it.
  if (revision.includes('\\')) return 'contains a backslash';
  return segmentsProblem(revision, MAX_REVISION_LENGTH);
}

/** Throws BAD_REQUEST unless `path` can be a file of a repo. */
export function assertPath(path: string): void {
  const problem = pathProblem(path);
  if (problem) throw new SwarmError('BAD_REQUEST', `The file path ${problem}.`);
}

/** Throws BAD_REQUEST unless `revision` can be a branch, tag, ref or commit. */
export function assertRevision(revision: string): void {
  const problem = revisionProblem(revision);
  if (problem) throw new SwarmError('BAD_REQUEST', `The revision ${problem}.`);
}

/**
 * The decoded segments of a request path. A segment may hold slashes that were written as `%2F`.
 *
 * @param pathname starts with `/`; without query and fragment.
 * @throws SwarmError BAD_REQUEST: too long, bad escapes, `.` or `..` or empty segments (also behind `%2F`), bare
 * backslashes, control characters.
 */
export function decodePathname(pathname: string): string[] {
  if (pathname.length > MAX_PATHNAME_LENGTH) {
    throw new SwarmError('BAD_REQUEST', `The URL path is longer than ${MAX_PATHNAME_LENGTH} characters.`);
  }
  if (!pathname.startsWith('/')) throw new SwarmError('BAD_REQUEST', 'The URL path does not start with a slash.');
  // Browsers read a bare backslash as a slash: what it means here must not depend on who parsed the URL first.
  if (/[?#\\]/.test(pathname))
    throw new SwarmError('BAD_REQUEST', 'The URL path contains an unescaped "?", "#" or "\\".');
  if (pathname === '/') return [];
  return pathname
    .slice(1)
    .split('/')
    .map((raw) => {
      let segment: string;
      try {
        segment = decodeURIComponent(raw);
      } catch {
        throw new SwarmError('BAD_REQUEST', 'The URL path contains an invalid percent escape.');
      }
      const problem = segmentsProblem(segment, MAX_PATHNAME_LENGTH);
      if (problem) throw new SwarmError('BAD_REQUEST', `The URL path ${problem}.`);
      return segment;
    });
}
