import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpanSet } from './span-set.ts';

const SIZE = 64;

function model(operations: readonly (readonly [add: boolean, start: number, length: number])[]): {
  set: SpanSet;
  bits: boolean[];
} {
  const set = new SpanSet();
  const bits = new Array<boolean>(SIZE).fill(false);
  for (const [add, start, length] of operations) {
    const end = Math.min(SIZE, start + length);
    if (add) set.add(start, end);
    else set.delete(start, end);
    for (let byte = start; byte < end; byte++) bits[byte] = add;
  }
  return { set, bits };
}

const operations = fc.array(
  fc.tuple(fc.boolean(), fc.integer({ min: 0, max: SIZE - 1 }), fc.integer({ min: 0, max: 24 })),
  { maxLength: 40 },
);

describe('SpanSet', () => {
  test('agrees with a plain bitmap after any sequence of additions and removals', () => {
    fc.assert(
      fc.property(operations, (list) => {
        const { set, bits } = model(list);
        expect(set.bytes).toBe(bits.filter(Boolean).length);
        for (let position = 0; position < SIZE; position++) {
          let end = position;
          while (end < SIZE && bits[end]) end++;
          expect(set.endOfRun(position)).toBe(end);
          expect(set.covers(position, position + 1)).toBe(bits[position]);
        }
      }),
    );
  });

  test('keeps its spans sorted, disjoint and apart', () => {
    fc.assert(
      fc.property(operations, (list) => {
        const spans = [...model(list).set.spans()];
        for (const [index, span] of spans.entries()) {
          expect(span.end).toBeGreaterThan(span.start);
          const next = spans[index + 1];
          if (next) expect(next.start).toBeGreaterThan(span.end);
        }
      }),
    );
  });

  test('finds the next span that begins at or after a position', () => {
    const set = new SpanSet();
    set.add(10, 20);
    set.add(30, 40);
    expect([0, 10, 11, 20, 30, 31].map((position) => set.nextStart(position))).toEqual([
      10,
      10,
      30,
      30,
      30,
      Number.POSITIVE_INFINITY,
    ]);
  });
});
