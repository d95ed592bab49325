import type { Span, SpanSet } from './span-set.ts';

/** A reader is kept this far ahead of its position before anything else is fetched. */
export const URGENT_AHEAD: number = 4 * 1024 * 1024;

/** What one reader wants: `[position, end)`, `position` moving up as it reads. */
export interface DemandWindow {
  readonly position: number;
  readonly end: number;
  /** Only what lies just ahead of the reader is its own wish; the background brings the rest. */
  readonly steersOnly: boolean;
}

/** What the scheduler looks at. Nothing here is changed by it. */
export interface ScheduleState {
  /** Bytes on the disk. */
  readonly held: SpanSet;
  /** Bytes on the disk whose checksum must be compared first. */
  readonly doubted: SpanSet;
  /** Bytes that some lane is fetching or checking. */
  readonly assigned: SpanSet;
  /** Readers, first come, first served. */
  readonly demands: Iterable<DemandWindow>;
  /** Background filling may go up to here (0: only what readers want). */
  readonly backgroundEnd: number;
  /** Longest span to ask for in one go. */
  readonly spanLength: number;
}

/** The next thing to do: compare a doubted span, or fetch a missing one. `urgent`: a reader is near it. */
export interface Work extends Span {
  readonly kind: 'check' | 'fetch';
  readonly urgent: boolean;
}

/**
 * Picks the most urgent span that nobody holds or works on: first what lies just ahead of a reader, then the rest of what
 * readers want, then the background in order. Undefined when there is nothing to do.
 */
export function nextWork(state: ScheduleState): Work | undefined {
  for (const demand of state.demands) {
    const searchEnd = Math.min(demand.end, demand.position + URGENT_AHEAD);
    const span = firstMissing(state, demand.position, searchEnd, demand.end);
    if (span) return { ...span, urgent: true };
  }
  for (const demand of state.demands) {
    if (demand.steersOnly) continue;
    const span = firstMissing(state, demand.position, demand.end, demand.end);
    if (span) return { ...span, urgent: false };
  }
  const span = firstMissing(state, 0, state.backgroundEnd, state.backgroundEnd);
  return span && { ...span, urgent: false };
}

function firstMissing(
  state: ScheduleState,
  from: number,
  searchEnd: number,
  fetchEnd: number,
): Omit<Work, 'urgent'> | undefined {
  let position = from;
  while (position < searchEnd) {
    const busyEnd = Math.max(state.held.endOfRun(position), state.assigned.endOfRun(position));
    if (busyEnd > position) {
      position = busyEnd;
      continue;
    }
    const doubtedEnd = state.doubted.endOfRun(position);
    if (doubtedEnd > position) return { kind: 'check', start: position, end: doubtedEnd };
    const end = Math.min(
      fetchEnd,
      position + state.spanLength,
      state.held.nextStart(position),
      state.assigned.nextStart(position),
      state.doubted.nextStart(position),
    );
    return { kind: 'fetch', start: position, end };
  }
  return undefined;
}
