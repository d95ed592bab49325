import { expect, test } from 'vitest';
import { RateLimiter } from './rate-limit.ts';

const LIMITS = { api: 2, resolvers: 3, pages: 1, windowSeconds: 300 };

test('each caller has a quota per bucket and window, and is told what is left', () => {
  let now = 0;
  const limiter = new RateLimiter(LIMITS, { now: () => now, sleep: async () => {} });
  expect(limiter.count('a', 'info').headers).toEqual({
    ratelimit: '"api";r=1;t=300',
    'ratelimit-policy': '"fixed window";"api";q=2;w=300',
  });
  now = 100_500;
  expect(limiter.count('a', 'tree')).toMatchObject({ exceeded: false, headers: { ratelimit: '"api";r=0;t=200' } });
  expect(limiter.count('a', 'refs')).toMatchObject({ exceeded: true, seconds: 200 });
  expect(limiter.count('b', 'refs').exceeded).toBe(false);
  expect(limiter.count('a', 'resolve')).toMatchObject({
    exceeded: false,
    headers: { ratelimit: '"resolvers";r=2;t=300' },
  });
  now = 300_000;
  expect(limiter.count('a', 'info').exceeded).toBe(false);
});

test('redirect targets count nowhere', () => {
  const limiter = new RateLimiter({ ...LIMITS, pages: 0 }, { now: () => 0, sleep: async () => {} });
  expect(limiter.count('a', 'cdn')).toEqual({ exceeded: false, headers: {}, seconds: 0 });
  expect(limiter.count('a', 'resolve-cache').exceeded).toBe(false);
  expect(limiter.count('a', 'raw').exceeded).toBe(true);
});
