import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRetryAfter } from './retry-after.ts';

test('Retry-After is read as seconds or as a date, and bounded', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  expect(parseRetryAfter('120', now)).toBe(120);
  expect(parseRetryAfter('Wed, 21 Oct 2026 07:28:30 GMT', now)).toBe(30);
  expect(parseRetryAfter('Wed, 21 Oct 2026 07:27:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('9999999999', now)).toBe(86_400);
  for (const text of [null, '', '-1', '1.5', 'soon', '2026-10-21', 'Wednesday'])
    expect(parseRetryAfter(text, now)).toBeUndefined();
});

test('any text is read as a wait of at most a day, or not at all', () => {
  const unit = fc.constantFrom(...'0123456789:+-. ', 'Mon, ', 'Sun', 'Oct', 'GMT', '2026');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      const seconds = parseRetryAfter(text, 0) ?? 0;
      expect(seconds >= 0 && seconds <= 86_400).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
