import type { Revision } from '../contracts/domain.ts';
import { assertRevision } from './repo-path.ts';

/** A revision, and the segments that came after it. */
export interface TakenRevision {
  readonly revision: Revision;
  readonly rest: readonly string[];
}

/**
 * Takes a revision off the front of decoded segments. Clients send `refs%2Fpr%2F1` as well as plain `refs/pr/1` and
 * `refs/convert/parquet`.
 *
 * @returns undefined when there are no segments.
 * @throws SwarmError BAD_REQUEST when the revision is malformed.
 */
export function takeRevision(segments: readonly string[]): TakenRevision | undefined {
  const [first, kind, name] = segments;
  if (first === undefined) return undefined;
  const spelledOut =
    first === 'refs' && name !== undefined && (kind === 'convert' || (kind === 'pr' && /^\d+$/.test(name)));
  const revision = spelledOut ? `refs/${kind}/${name}` : first;
  assertRevision(revision);
  return { revision, rest: segments.slice(spelledOut ? 3 : 1) };
}

/** Splits an id that came as one segment (`owner%2Fname`) into the two that it means. */
export function splitEncodedId(segments: readonly string[]): readonly string[] {
  const [first, ...rest] = segments;
  return first?.includes('/') ? [...first.split('/'), ...rest] : segments;
}
