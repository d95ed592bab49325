import type { Lane } from './lane.ts';
import type { Span } from './span-set.ts';

/** A reader whose bytes are more than this away on a lane gets a lane of its own. */
const LONGEST_WAIT_MS = 2000;
/** Cutting a lane throws away what its connection has buffered, so it must be worth that. */
const SHORTEST_SPLIT = 1024 * 1024;
/** A lane that brought nothing for this long, while a reader waits for it, gets a rival. */
const HEDGE_AFTER_MS = 2000;
const LONGEST_HEDGE = 1024 * 1024;
const SHORTEST_HEDGE = 16 * 1024;
/** Of all bytes of the file, this part may be asked for twice. */
const HEDGE_SHARE = 0.005;

/** Should the reader at `position`, inside of what `lane` is going to bring, get a lane of its own? */
export function shouldSplit(lane: Lane, position: number, now: number): boolean {
  const distance = position - lane.received;
  if (distance < SHORTEST_SPLIT) return false;
  if (lane.received === lane.start) return now - lane.startedAt > LONGEST_WAIT_MS;
  return (distance * 1000) / lane.rate() > LONGEST_WAIT_MS;
}

/** The bytes to ask for a second time because `lane` is silent, within 0.5 % of the file in total; undefined: none. */
export function hedgeSpan(lane: Lane, now: number, size: number, hedgedSoFar: number): Span | undefined {
  if (now - lane.progressAt < HEDGE_AFTER_MS) return undefined;
  const allowed = Math.min(LONGEST_HEDGE, Math.floor(size * HEDGE_SHARE) - hedgedSoFar);
  if (allowed < SHORTEST_HEDGE) return undefined;
  return { start: lane.received, end: Math.min(lane.end, lane.received + allowed) };
}
