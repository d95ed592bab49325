import { describe, expect, test } from 'vitest';
import { type DemandWindow, nextWork, type ScheduleState } from './schedule.ts';
import { SpanSet } from './span-set.ts';

const MIB = 1024 * 1024;
const spans = (...list: readonly (readonly [number, number])[]): SpanSet => {
  const set = new SpanSet();
  for (const [start, end] of list) set.add(start, end);
  return set;
};
const state = (changes: Partial<ScheduleState>): ScheduleState => ({
  held: spans(),
  doubted: spans(),
  assigned: spans(),
  demands: [],
  backgroundEnd: 0,
  spanLength: 4 * MIB,
  ...changes,
});

describe('the schedule of a transfer', () => {
  test('has nothing to do when nobody wants anything', () => {
    expect(nextWork(state({}))).toBeUndefined();
  });

  test('takes the first missing byte after a reader, up to where others have or fetch', () => {
    const demands: DemandWindow[] = [{ position: 100, end: 1000, steersOnly: false }];
    expect(nextWork(state({ demands, held: spans([0, 200]), assigned: spans([500, 600]) }))).toEqual({
      kind: 'fetch',
      urgent: true,
      start: 200,
      end: 500,
    });
  });

  test('serves what lies just ahead of every reader before the far end of any', () => {
    const demands: DemandWindow[] = [
      { position: 0, end: 100 * MIB, steersOnly: false },
      { position: 200 * MIB, end: 300 * MIB, steersOnly: false },
    ];
    const busy = spans([0, 8 * MIB]);
    expect(nextWork(state({ demands, assigned: busy }))).toMatchObject({ urgent: true, start: 200 * MIB });
    const bothBusy = spans([0, 8 * MIB], [200 * MIB, 208 * MIB]);
    expect(nextWork(state({ demands, assigned: bothBusy }))).toMatchObject({ urgent: false, start: 8 * MIB });
  });

  test('leaves the far end of a reader that only steers to the background', () => {
    const demands: DemandWindow[] = [{ position: 0, end: 100 * MIB, steersOnly: true }];
    const busy = spans([0, 8 * MIB]);
    expect(nextWork(state({ demands, assigned: busy }))).toBeUndefined();
    expect(nextWork(state({ demands, assigned: busy, backgroundEnd: 50 * MIB }))).toMatchObject({ start: 8 * MIB });
  });

  test('fills the background in order and not beyond its end', () => {
    expect(nextWork(state({ backgroundEnd: MIB, held: spans([0, 1000]) }))).toEqual({
      kind: 'fetch',
      urgent: false,
      start: 1000,
      end: MIB,
    });
    expect(nextWork(state({ backgroundEnd: 1000, held: spans([0, 1000]) }))).toBeUndefined();
  });

  test('compares doubted bytes instead of fetching them', () => {
    const demands: DemandWindow[] = [{ position: 0, end: 100, steersOnly: false }];
    expect(nextWork(state({ demands, doubted: spans([0, 50]) }))).toMatchObject({ kind: 'check', start: 0 });
    expect(nextWork(state({ demands, doubted: spans([20, 50]) }))).toMatchObject({ kind: 'fetch', start: 0, end: 20 });
  });

  test('asks for no more than one span length at once', () => {
    expect(nextWork(state({ backgroundEnd: 100 * MIB }))).toMatchObject({ start: 0, end: 4 * MIB });
  });
});
