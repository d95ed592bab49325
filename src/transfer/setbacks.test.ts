import { describe, expect, test } from 'vitest';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import { Setbacks } from './setbacks.ts';

const silent = new SwarmError('UPSTREAM_TIMEOUT', 'no answer');

function setbacksAt(time: { now: number }): Setbacks {
  const clock: Clock = { now: () => time.now, sleep: async () => {} };
  return new Setbacks(clock, () => 0.5);
}

/** How many tries a transfer makes, each of which takes `milliseconds` and brings nothing. */
function triesUntilTheEnd(milliseconds: number): number {
  const time = { now: 1_000_000 };
  const setbacks = setbacksAt(time);
  for (let tries = 1; ; tries++) {
    time.now += milliseconds;
    if (!setbacks.failed(silent, 0)) return tries;
    time.now += setbacks.remainingPause;
  }
}

describe('setbacks', () => {
  test('a server that refuses at once is asked seven times', () => {
    expect(triesUntilTheEnd(0)).toBe(7);
  });

  test('a server that says nothing for 20 s is asked twice', () => {
    expect(triesUntilTheEnd(20_000)).toBe(2);
  });

  test('failures with progress in between go on', () => {
    const time = { now: 0 };
    const setbacks = setbacksAt(time);
    for (let tries = 0; tries < 20; tries++) {
      time.now += 20_000;
      expect(setbacks.failed(silent, 1024 * 1024)).toBe(true);
    }
  });
});

test('connections that break together are one setback: an outage is waited for whatever their number', () => {
  const time = { now: 1_000_000 };
  const setbacks = setbacksAt(time);
  for (let connection = 0; connection < 8; connection++) expect(setbacks.failed(silent, 0)).toBe(true);
  let rounds = 1;
  for (let goesOn = true; goesOn; rounds++) {
    time.now += setbacks.remainingPause;
    for (let connection = 0; connection < 8; connection++) goesOn = setbacks.failed(silent, 0);
  }
  expect(rounds).toBe(7);
});
