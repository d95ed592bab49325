import { expect, test } from 'vitest';
import { ClientBuckets, TokenBucket } from './token-bucket.ts';

function manualClock() {
  let time = 0;
  return {
    now: () => time,
    sleep: async () => {},
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

test('a burst passes at once, and what exceeds it waits as long as the rate needs', () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 50, clock: manualClock() });
  expect(bucket.take(50)).toBe(0);
  expect(bucket.take(100)).toBe(1000);
  expect(bucket.take(100)).toBe(2000);
});

test('a bucket refills at its rate and never above its burst', () => {
  const clock = manualClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 5, clock });
  bucket.take(5);
  clock.advance(200);
  expect(bucket.tryTake(3)).toBe(100);
  expect(bucket.tryTake(2)).toBe(0);
  clock.advance(60_000);
  expect(bucket.tryTake(5)).toBe(0);
  expect(bucket.tryTake(1)).toBe(100);
});

test('what is given back can be taken again, up to the burst', () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 2, clock: manualClock() });
  bucket.take(2);
  bucket.giveBack(1);
  expect(bucket.tryTake(1)).toBe(0);
  bucket.giveBack(50);
  expect(bucket.tryTake(3)).toBe(1000);
});

test('a clock that steps back earns nothing and takes nothing away', () => {
  const clock = manualClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 5, clock });
  bucket.take(5);
  clock.advance(-10_000);
  expect(bucket.tryTake(1)).toBe(100);
});

test('clients do not share a bucket, and their number is bounded', () => {
  const buckets = new ClientBuckets({ perSecond: 1, burst: 1, clock: manualClock(), maxClients: 2 });
  expect(buckets.of('a').tryTake(1)).toBe(0);
  expect(buckets.of('a').tryTake(1)).toBeGreaterThan(0);
  expect(buckets.of('b').tryTake(1)).toBe(0);
  for (let i = 0; i < 100; i++) buckets.of(`client ${i}`).tryTake(1);
  expect(buckets.size).toBe(2);
});
