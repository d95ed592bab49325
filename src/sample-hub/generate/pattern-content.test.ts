import fc from 'fast-check';
import { expect, test } from 'vitest';
import { patternContent } from './pattern-content.ts';

const SIZE = 3_500_000;

test('any range is the same bytes as in the whole', () => {
  const content = patternContent(SIZE, 'seed');
  const whole = content.read(0, SIZE);
  fc.assert(
    fc.property(fc.nat(SIZE), fc.nat(20_000), (start, length) => {
      const end = Math.min(start + length, SIZE);
      expect(content.read(start, end)).toEqual(whole.slice(start, end));
    }),
  );
  for (const [start, end] of [[4095, 4097] as const, [4099, 4101] as const, [1_048_570, 1_048_590] as const]) {
    expect(content.read(start, end)).toEqual(whole.slice(start, end));
  }
});

test('no two pages of 4 KiB are the same, and another seed gives other bytes', () => {
  const whole = patternContent(SIZE, 'seed').read(0, SIZE);
  const pages = new Set<string>();
  for (let at = 0; at + 4096 <= SIZE; at += 4096)
    pages.add(Buffer.from(whole.subarray(at, at + 4096)).toString('base64'));
  expect(pages.size).toBe(Math.floor(SIZE / 4096));
  const other = patternContent(SIZE, 'other').read(0, SIZE);
  expect(Buffer.compare(other, whole)).not.toBe(0);
});

test('the far end of a huge file costs no more than its beginning', () => {
  const content = patternContent(20_000_000_000, 'seed');
  const tail = content.read(19_999_999_000, 20_000_000_000);
  expect(tail).toHaveLength(1000);
  expect(tail).toEqual(content.read(19_999_990_000, 20_000_000_000).slice(9000));
});
