import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { SwarmError } from '../errors.ts';
import { Preparations, type Work } from './preparations.ts';

const never = new AbortController().signal;

/** Work that the test ends. */
function workByHand() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let runs = 0;
  const work = (): Work => ({
    run: (signal) => {
      runs += 1;
      signal.addEventListener('abort', () => reject(signal.reason));
      return promise;
    },
    bytesDone: () => 7,
  });
  return { work, resolve, reject, runs: () => runs };
}

test('runs once however many ask, and again when it is over', async () => {
  const preparations = new Preparations(new ManualClock());
  const first = workByHand();
  const one = preparations.start('a', first.work);
  expect(preparations.start('a', first.work)).toBe(one);
  expect([first.runs(), one.bytesDone()]).toEqual([1, 7]);
  first.resolve();
  await one.over;
  const second = workByHand();
  expect(preparations.start('a', second.work)).not.toBe(one);
  expect(second.runs()).toBe(1);
});

test('tells a failure until its time is over, and then tries again', async () => {
  const clock = new ManualClock();
  const preparations = new Preparations(clock);
  const failing = workByHand();
  const failed = preparations.start('a', failing.work);
  failing.reject(new SwarmError('UPSTREAM_TIMEOUT', 'too slow', { retryAfterSeconds: 10 }));
  await failed.over;
  expect(failed.failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  clock.advance(9999);
  const again = workByHand();
  expect(preparations.start('a', again.work)).toBe(failed);
  clock.advance(1);
  expect(preparations.start('a', again.work).failure).toBeUndefined();
  expect(again.runs()).toBe(1);
});

test('says INTERNAL for what is a bug, without its words', async () => {
  const preparations = new Preparations(new ManualClock());
  const failing = workByHand();
  const failed = preparations.start('a', failing.work);
  failing.reject(new TypeError('x is not a function'));
  await failed.over;
  expect(failed.failure).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('function') });
});

test('a wait ends with the work, with its time, and with its caller', async () => {
  const clock = new ManualClock();
  const preparations = new Preparations(clock);
  const running = workByHand();
  const preparation = preparations.start('a', running.work);
  const timed = preparations.wait(preparation, 500, never);
  clock.advance(500);
  await timed;
  const caller = new AbortController();
  const left = preparations.wait(preparation, 500, caller.signal);
  caller.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  const whole = preparations.wait(preparation, 500, never);
  running.resolve();
  await whole;
  expect(clock.sleepers).toBe(0);
});

test('refuses more than a thousand, and makes room by forgetting failures', async () => {
  const preparations = new Preparations(new ManualClock());
  const failing = workByHand();
  const failed = preparations.start('failing', failing.work);
  for (let index = 1; index < 1000; index++) preparations.start(`${index}`, workByHand().work);
  expect(() => preparations.start('one more', workByHand().work)).toThrow(
    expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: 10 }),
  );
  failing.reject(new SwarmError('OFFLINE', 'no'));
  await failed.over;
  expect(preparations.start('one more', workByHand().work).failure).toBeUndefined();
});

test('close ends what is running, and nothing begins after it', async () => {
  const preparations = new Preparations(new ManualClock());
  const running = workByHand();
  const preparation = preparations.start('a', running.work);
  await preparations.close();
  expect(preparation.failure).toMatchObject({ code: 'CLOSED' });
  expect(() => preparations.start('b', workByHand().work)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
});
