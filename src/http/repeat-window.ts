import { isSha1 } from '../base/hex.ts';
import type { Revision } from '../contracts/domain.ts';

/**
 * A branch is asked for by `repos` once in a while; a repeated answer adds this to the time until a move is seen. Long
 * enough to spare a burst of requests the long way.
 */
const MOVING_MILLISECONDS = 15_000;

/**
 * Until when an answer about this revision may be repeated as far as its commit is concerned, milliseconds since the
 * epoch.
 */
export function repeatUntil(revision: Revision, now: number): number {
  return isSha1(revision) ? Number.POSITIVE_INFINITY : now + MOVING_MILLISECONDS;
}
