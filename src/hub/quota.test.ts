import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createQuota, type Quota, type QuotaRequest } from './quota.ts';

const RESOLVE = '/org/name/resolve/main/x';
const INFO = '/api/models/org/name';
const anonymous = { pathname: RESOLVE, token: undefined };
const known = { ...anonymous, priority: 'known' } as const;
const unknown = { ...anonymous, priority: 'unknown' } as const;
const limited = (seconds: number) => expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: seconds });

function learn(quota: Quota, headers: Record<string, string>, request: QuotaRequest = anonymous, status = 200): void {
  quota.learn(request, { status, headers: new Headers(headers) });
}

const window = (remaining: number, seconds = 300, bucket = 'resolvers') => ({
  ratelimit: `"${bucket}";r=${remaining};t=${seconds}`,
  'ratelimit-policy': `"fixed window";"${bucket}";q=10;w=300`,
});

test('without a word from the Hub nothing is held back', async () => {
  const quota = createQuota(new ManualClock());
  for (let n = 0; n < 1000; n += 1) await quota.admit(unknown);
});

test('a fifth of the window is kept for known repos', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(5));
  for (let n = 0; n < 3; n += 1) await quota.admit(unknown);
  await expect(quota.admit(unknown)).rejects.toEqual(limited(300));
  await quota.admit(known);
  await quota.admit(known);
  await expect(quota.admit(known)).rejects.toEqual(limited(300));
});

test('a new window opens everything again', async () => {
  const clock = new ManualClock();
  const quota = createQuota(clock);
  learn(quota, window(0, 60));
  await expect(quota.admit(known)).rejects.toEqual(limited(60));
  clock.advance(60_000);
  await quota.admit(unknown);
  learn(quota, window(9));
  await quota.admit(unknown);
});

test('when the window ends within two seconds, the request waits for it', async () => {
  const clock = new ManualClock();
  const quota = createQuota(clock);
  learn(quota, window(0, 2));
  const waiting = quota.admit(unknown);
  await expect.poll(() => clock.sleepers).toBe(1);
  clock.advance(2000);
  await waiting;
});

test('an abort ends the wait', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(0, 2));
  const stop = new AbortController();
  const waiting = quota.admit(unknown, stop.signal);
  stop.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
});

test('buckets and accounts have budgets of their own', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(0));
  await expect(quota.admit(known)).rejects.toEqual(limited(300));
  await quota.admit({ ...known, pathname: INFO });
  await quota.admit({ ...known, token: 'hf_a' });
  learn(quota, window(0, 300, 'api'), { pathname: INFO, token: 'hf_a' });
  await expect(quota.admit({ ...known, pathname: INFO, token: 'hf_a' })).rejects.toEqual(limited(300));
  await quota.admit({ ...known, pathname: INFO, token: 'hf_b' });
});

test('what resolve redirects to is not counted', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(0));
  await quota.admit({ ...known, pathname: '/api/resolve-cache/models/a/b/c/d' });
});

test('answers that overtake each other do not give requests back', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(1));
  learn(quota, window(7));
  await quota.admit(known);
  await expect(quota.admit(known)).rejects.toEqual(limited(300));
});

test.each([
  [{ 'retry-after': '30' }, 30],
  [{ ratelimit: '"resolvers";r=0;t=55' }, 56],
  [{}, 5],
])('after a 429 with %j nobody asks for that bucket for %i seconds', async (headers, seconds) => {
  const clock = new ManualClock();
  const quota = createQuota(clock);
  learn(quota, headers, anonymous, 429);
  await expect(quota.admit(known)).rejects.toEqual(limited(seconds));
  clock.advance(seconds * 1000);
  await quota.admit(known);
});

test('an absurd window is taken for an hour', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(0, 999_999_999));
  await expect(quota.admit(known)).rejects.toEqual(limited(3600));
});

test('a flood of tokens does not make it forget the anonymous budget', async () => {
  const quota = createQuota(new ManualClock());
  learn(quota, window(0));
  for (let n = 0; n < 5000; n += 1) learn(quota, window(0), { ...anonymous, token: `hf_${n}` });
  await expect(quota.admit(known)).rejects.toEqual(limited(300));
  await expect(quota.admit({ ...known, token: 'hf_4999' })).rejects.toEqual(limited(300));
  await quota.admit({ ...known, token: 'hf_0' });
});

test('however the Hub counts, no more is sent in a window than was left, and a part is left for known repos', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.boolean(), { maxLength: 150 }),
      async (size, asks) => {
        const quota = createQuota(new ManualClock());
        const headers = (left: number) => ({
          ratelimit: `"resolvers";r=${left};t=300`,
          'ratelimit-policy': `"fixed window";"resolvers";q=${size};w=300`,
        });
        let left = size;
        learn(quota, headers(left));
        for (const isKnown of asks) {
          const before = left;
          const admitted = await quota.admit(isKnown ? known : unknown).then(
            () => true,
            () => false,
          );
          if (!admitted) continue;
          left -= 1;
          expect(left).toBeGreaterThanOrEqual(0);
          if (!isKnown) expect(before).toBeGreaterThan(size * 0.2);
          learn(quota, headers(left));
        }
      },
    ),
    { numRuns: 50 },
  );
});
