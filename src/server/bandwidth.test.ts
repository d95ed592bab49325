import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { Clock } from '../contracts/clock.ts';
import { createPace, createThrottle } from './bandwidth.ts';

/** A clock on which waiting takes no time, and which remembers how long it was. */
function patientClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      waits.push(milliseconds);
    },
  };
}

const response = () => new ServerResponse(new IncomingMessage(new Socket()));
const { signal } = new AbortController();

test('without limits there is nothing to wait for', () => {
  const clock = patientClock();
  expect(createThrottle(undefined, clock)).toBeUndefined();
  expect(createPace({ total: undefined, perClient: undefined, clientOf: () => 'a', clock })).toBeUndefined();
});

test('bytes from the Hub wait as long as the rate needs', async () => {
  const clock = patientClock();
  const throttle = createThrottle(1000, clock);
  for (let i = 0; i < 3; i++) await throttle?.(250, signal);
  expect(clock.waits).toEqual([250, 500]);
});

test('one client’s bytes do not wait for another’s, unless all together are too many', async () => {
  const clock = patientClock();
  const one = response();
  const clientOf = (outgoing: ServerResponse) => (outgoing === one ? 'one' : 'other');
  const pace = createPace({ total: 2000, perClient: 1000, clientOf, clock });
  await pace?.(one, 250, signal);
  await pace?.(response(), 250, signal);
  expect(clock.waits).toEqual([]);
  await pace?.(one, 100, signal);
  expect(clock.waits).toEqual([100]);
  await pace?.(response(), 400, signal);
  expect(clock.waits).toEqual([100, 400]);
});

test('a client that has gone waits no longer', async () => {
  const throttle = createThrottle(1, patientClock());
  await expect(throttle?.(1000, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
});
