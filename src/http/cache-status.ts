/** Where the bytes of an answer came from. */
export type CacheOutcome =
  /** From what is held here. */
  | 'hit'
  /** Held, but the Hub could not be asked whether it still holds. */
  | 'stale'
  /** From a transfer that another request had started. */
  | 'joined'
  /** From the Hub, for this request, and kept. */
  | 'miss'
  /** From the Hub, and not kept. */
  | 'bypass';

const MEMBERS: Readonly<Record<CacheOutcome, string>> = {
  hit: 'modelswarm; hit',
  stale: 'modelswarm; hit; detail=stale',
  joined: 'modelswarm; fwd=miss; collapsed',
  miss: 'modelswarm; fwd=miss; stored',
  bypass: 'modelswarm; fwd=bypass',
};

/** The value of `Cache-Status` (RFC 9211). */
export function cacheStatus(outcome: CacheOutcome): string {
  return MEMBERS[outcome];
}
