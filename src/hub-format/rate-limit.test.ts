import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRateLimit, parseRateLimitPolicy, quotaBucket } from './rate-limit.ts';

test('the bucket, the rest and the end of the window are read', () => {
  expect(parseRateLimit('"resolvers";r=2997;t=258')).toEqual([
    { bucket: 'resolvers', remaining: 2997, resetSeconds: 258 },
  ]);
  expect(parseRateLimit('"api";r=0;t=55, "pages"; r=7; t=1')).toHaveLength(2);
  expect(parseRateLimitPolicy('"fixed window";"resolvers";q=3000;w=300')).toEqual([
    { bucket: 'resolvers', quota: 3000, windowSeconds: 300 },
  ]);
});

test.each(['', 'r=1;t=2', '"api";r=x;t=1', '"api";r=1', `"api";r=1;t=1${' '.repeat(5000)}`])(
  '%s says nothing',
  (text) => {
    expect(parseRateLimit(text)).toEqual([]);
  },
);

test.each([
  ['/org/name/resolve/main/x', 'resolvers'],
  ['/api/resolve-cache/models/a/b/c/resolve/d', undefined],
  ['/api/models/a/b', 'api'],
  ['/org/name', 'pages'],
])('%s counts as %s', (pathname, bucket) => {
  expect(quotaBucket(pathname)).toBe(bucket);
});

test('any text is read into numbers that are finite', () => {
  const unit = fc.constantFrom(...'";=,rtqw0159 ', '"api"', ';r=1', ';t=2', ';q=3', ';w=4');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 80 }), fc.string({ unit: 'binary' })), (text) => {
      for (const { remaining, resetSeconds } of parseRateLimit(text))
        expect(remaining + resetSeconds).toBeLessThan(1e13);
      for (const { quota, windowSeconds } of parseRateLimitPolicy(text))
        expect(quota + windowSeconds).toBeLessThan(1e13);
    }),
    { numRuns: 1000 },
  );
});
