import { expect, test } from 'vitest';
import { systemClock } from '../base/system-clock.ts';
import { FaultRules, type FaultTarget, mergeFaults } from './fault.ts';

const target: FaultTarget = { host: 'hub', kind: 'resolve', method: 'GET', repo: 'org/name', path: 'a.bin' };
const rules = (): FaultRules => new FaultRules(systemClock);

test('a fault meets what its match names, and nothing else', () => {
  const faults = rules();
  faults.add({ repo: 'org/name', path: 'a.bin', kind: 'resolve', method: 'GET', host: 'hub' }, { delay: 1 });
  expect(mergeFaults(faults.strike(target))).toEqual({ delay: 1 });
  const others = [
    { repo: 'org/other' },
    { path: 'b.bin' },
    { kind: 'raw' },
    { method: 'HEAD' },
    { host: 'cdn' },
  ] as const;
  for (const other of others) expect(faults.strike({ ...target, ...other })).toEqual([]);
});

test('later faults win field by field, until they are taken away', () => {
  const faults = rules();
  faults.add('*', { delay: 1, xet: false });
  const remove = faults.add({ repo: 'org/name' }, { delay: 2 });
  expect(mergeFaults(faults.strike(target))).toEqual({ delay: 2, xet: false });
  remove();
  expect(mergeFaults(faults.strike(target))).toEqual({ delay: 1, xet: false });
  faults.clear();
  expect(mergeFaults(faults.strike(target))).toEqual({});
});

test('a fault with a count is used up', () => {
  const faults = rules();
  faults.add('*', { status: 503 }, 2);
  expect([1, 2, 3].map(() => mergeFaults(faults.strike(target)).status)).toEqual([503, 503, undefined]);
});

test('an entry of a listing has the faults of the request and those of its own path', () => {
  const faults = rules();
  faults.add({ repo: 'org/name' }, { xet: false });
  faults.add({ repo: 'org/name', path: 'a.bin' }, { listedSize: 7 });
  const listing: FaultTarget = { ...target, kind: 'tree', path: '' };
  const struck = faults.strike(listing);
  expect(faults.forEntry(struck, listing, 'a.bin')).toEqual({ xet: false, listedSize: 7 });
  expect(faults.forEntry(struck, listing, 'b.bin')).toEqual({ xet: false });
});
