import { expect, test } from 'vitest';
import { ExpiringMap } from './expiring-map.ts';

function mapOf(capacity: number) {
  let time = 0;
  const map = new ExpiringMap<number>({ clock: { now: () => time, sleep: async () => {} }, capacity });
  return { map, advance: (milliseconds: number) => (time += milliseconds) };
}

test('an entry ends with its time', () => {
  const { map, advance } = mapOf(10);
  map.set('short', 1, 100);
  map.set('forever', 2, Number.POSITIVE_INFINITY);
  advance(99);
  expect(map.get('short')).toBe(1);
  advance(1);
  expect(map.get('short')).toBeUndefined();
  advance(1e12);
  expect(map.get('forever')).toBe(2);
});

test('the size is bounded, and what was stored longest ago goes first', () => {
  const { map } = mapOf(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) map.set(key, index, 1000);
  map.set('a', 9, 1000);
  map.set('d', 3, 1000);
  expect(map.size).toBe(3);
  expect(map.get('a')).toBe(9);
  expect(map.get('b')).toBeUndefined();
});

test('all entries below a prefix can be dropped, and only those', () => {
  const { map } = mapOf(10);
  for (const key of ['x/1', 'x/2', 'y/1']) map.set(key, 1, 1000);
  map.deletePrefix('x/');
  expect([map.get('x/1'), map.get('x/2'), map.get('y/1')]).toEqual([undefined, undefined, 1]);
});
