import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from './range.ts';

test('a range is read with an exclusive end, cut at the end of the file', () => {
  expect(parseRange('bytes=0-0', 10)).toEqual({ kind: 'range', start: 0, end: 1 });
  expect(parseRange('bytes=5-', 10)).toEqual({ kind: 'range', start: 5, end: 10 });
  expect(parseRange('bytes=5-99', 10)).toEqual({ kind: 'range', start: 5, end: 10 });
  expect(parseRange('bytes=-3', 10)).toEqual({ kind: 'range', start: 7, end: 10 });
  expect(parseRange('bytes=-30', 10)).toEqual({ kind: 'range', start: 0, end: 10 });
});

test('a range that begins behind the end cannot be satisfied; an empty file satisfies none', () => {
  expect(parseRange('bytes=10-', 10).kind).toBe('unsatisfiable');
  expect(parseRange('bytes=0-0', 0).kind).toBe('unsatisfiable');
  expect(parseRange('bytes=-5', 0).kind).toBe('unsatisfiable');
});

test('no header, several ranges and bad syntax mean the whole file', () => {
  for (const header of [undefined, '', 'bytes=', 'bytes=-', 'bytes=0-1,3-4', 'bytes=5-4', 'items=0-1', 'bytes=a-b']) {
    expect(parseRange(header, 10)).toEqual({ kind: 'none' });
  }
});

test('whatever the header says, a range lies within the file', () => {
  const header = fc.string({ unit: fc.constantFrom(...'0123456789-,= ', 'bytes='), maxLength: 24 });
  fc.assert(
    fc.property(header, fc.nat(100), (text, size) => {
      const range = parseRange(text, size);
      if (range.kind === 'range') expect(0 <= range.start && range.start < range.end && range.end <= size).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
