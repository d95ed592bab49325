import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseContentRange } from './content-range.ts';

test('Content-Range is read with an exclusive end, and refused when it contradicts itself', () => {
  expect(parseContentRange('bytes 0-99/548105171')).toEqual({ start: 0, end: 100, size: 548105171 });
  expect(parseContentRange('bytes 5-9/*')).toEqual({ start: 5, end: 10 });
  expect(parseContentRange('bytes */10')).toEqual({ size: 10 });
  for (const text of [
    '',
    'bytes */*',
    'bytes 5-4/10',
    'bytes 0-10/10',
    'items 0-1/2',
    'bytes 0-1',
    'bytes -1/2',
    'bytes 0-9007199254740992/*',
  ]) {
    expect(parseContentRange(text)).toBeUndefined();
  }
});

test('any text is read as a range with bytes in it, or not at all', () => {
  const unit = fc.constantFrom(...'0123456789-/* ', 'bytes ');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      const { start = 0, end = 1, size = end } = parseContentRange(text) ?? {};
      expect(start < end && end <= size).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
