import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { SwarmError } from '../errors.ts';
import { withRetries } from './retry.ts';

/** A clock whose sleeps are over at once, and remembered. */
class SkippingClock extends ManualClock {
  readonly waits: number[] = [];

  override sleep(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    this.advance(milliseconds);
    return Promise.resolve();
  }
}

function failing(errors: readonly unknown[]): { calls: number; run: () => Promise<string> } {
  const state = {
    calls: 0,
    run: async () => {
      const error = errors[state.calls];
      state.calls += 1;
      if (error !== undefined) throw error;
      return 'done';
    },
  };
  return state;
}

const down = new SwarmError('UPSTREAM_UNAVAILABLE', 'down');
const policy = { attempts: 4, totalMs: 8000 };
const common = { policy, random: () => 0.5, onRetry: () => {} };

test('a failure that passes is not seen, and the waits double within their jitter', async () => {
  const clock = new SkippingClock();
  const operation = failing([down, new SwarmError('UPSTREAM_TIMEOUT', 'slow'), down]);
  expect(await withRetries(operation.run, { ...common, clock })).toBe('done');
  expect(clock.waits).toEqual([125, 250, 500]);
});

test('the number of tries is bounded', async () => {
  const operation = failing([down, down, down, down, down]);
  await expect(withRetries(operation.run, { ...common, clock: new SkippingClock() })).rejects.toBe(down);
  expect(operation.calls).toBe(4);
});

test('the time for tries is bounded', async () => {
  const operation = failing([down, down, down, down]);
  const clock = new SkippingClock();
  const slow = async () => {
    clock.advance(5000);
    return operation.run();
  };
  await expect(withRetries(slow, { ...common, clock })).rejects.toBe(down);
  expect(operation.calls).toBe(2);
});

test.each([
  new SwarmError('HUB_REFUSED', 'no'),
  new SwarmError('UPSTREAM_INVALID', 'wrong'),
  new SwarmError('CLOSED', 'closed'),
  new TypeError('bug'),
])('%s is not tried again', async (error) => {
  const operation = failing([error]);
  await expect(withRetries(operation.run, { ...common, clock: new SkippingClock() })).rejects.toBe(error);
  expect(operation.calls).toBe(1);
});

test('a short Retry-After is waited for, a long one is handed to the caller', async () => {
  const clock = new SkippingClock();
  const soon = new SwarmError('RATE_LIMITED', 'wait', { retryAfterSeconds: 2 });
  expect(await withRetries(failing([soon]).run, { ...common, clock })).toBe('done');
  expect(clock.waits).toEqual([2125]);
  const late = new SwarmError('UPSTREAM_UNAVAILABLE', 'wait', { retryAfterSeconds: 3 });
  const operation = failing([late]);
  await expect(withRetries(operation.run, { ...common, clock })).rejects.toBe(late);
  expect(operation.calls).toBe(1);
});

test('an abort ends the wait between two tries', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const running = withRetries(failing([down]).run, { ...common, clock, signal: stop.signal });
  await expect.poll(() => clock.sleepers).toBe(1);
  const reason = new Error('gone');
  stop.abort(reason);
  await expect(running).rejects.toBe(reason);
});
