import { describe, expect, test } from 'vitest';
import { ConnectionCount } from './connection-count.ts';

/** Lets a server answer for `seconds`, at `rate(connections)` bytes per second, and returns the count at the end. */
function settle(rate: (connections: number) => number, seconds: number): number[] {
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const count = new ConnectionCount({ clock, start: 2, most: 16 });
  const history: number[] = [];
  for (let second = 0; second < seconds; second++) {
    now += 1000;
    count.arrived(rate(count.current));
    history.push(count.current);
  }
  return history;
}

describe('the number of connections', () => {
  test('grows to the most when every connection brings as much as the first', () => {
    expect(settle((connections) => connections * 10e6, 10).at(-1)).toBe(16);
  });

  test('goes back to where it began when the server paces the sum', () => {
    const history = settle(() => 250e6, 8);
    expect(Math.max(...history)).toBe(3);
    expect(history.at(-1)).toBe(2);
  });

  test('stops near the point from which more connections bring nothing', () => {
    const history = settle((connections) => Math.min(connections, 6) * 10e6, 12);
    expect(history.at(-1)).toBeGreaterThanOrEqual(6);
    expect(history.at(-1)).toBeLessThanOrEqual(9);
  });
});
