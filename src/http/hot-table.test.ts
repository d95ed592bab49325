import { expect, test } from 'vitest';
import { systemClock } from '../base/system-clock.ts';
import { createCallerKeys } from './authorization.ts';
import { type HotDocument, HotTable, type HotTableOptions } from './hot-table.ts';

function table(options: Partial<HotTableOptions> & { now?: () => number } = {}): HotTable {
  const clock = { ...systemClock, now: options.now ?? (() => 1000) };
  return new HotTable({ clock, callerKeys: createCallerKeys(), ...options });
}

function document(text: string, over: Partial<HotDocument> = {}): HotDocument {
  const repo = { type: 'models', id: 'a/b' } as const;
  return { kind: 'document', repo, expiresAt: 2000, headers: [], status: 200, body: text, ...over };
}

test('an answer is found under the same target and token only', () => {
  const hot = table();
  const entry = document('one');
  hot.put('/a', 'secret', entry);
  expect(hot.find('/a', 'secret')).toBe(entry);
  expect(hot.find('/a', undefined)).toBeUndefined();
  expect(hot.find('/a', 'other')).toBeUndefined();
  expect(hot.find('/a?x', 'secret')).toBeUndefined();
});

test('an answer is gone from the moment that its right ends', () => {
  let now = 1000;
  const hot = table({ now: () => now });
  hot.put('/a', undefined, document('one', { expiresAt: 2000 }));
  now = 1999;
  expect(hot.find('/a', undefined)).toBeDefined();
  now = 2000;
  expect(hot.find('/a', undefined)).toBeUndefined();
  expect(hot.size).toBe(0);
});

test('the least recently used answer makes room', () => {
  const hot = table({ maxEntries: 2 });
  for (const target of ['/a', '/b']) hot.put(target, undefined, document(target));
  hot.find('/a', undefined);
  hot.put('/c', undefined, document('/c'));
  expect(hot.find('/b', undefined)).toBeUndefined();
  expect(hot.find('/a', undefined)).toBeDefined();
});

test('documents are bounded together, and a large one is not kept', () => {
  const hot = table({ maxDocumentBytes: 100 });
  for (const target of ['/a', '/b', '/c', '/d', '/e']) hot.put(target, undefined, document('x'.repeat(24)));
  expect(hot.size).toBe(4);
  hot.put('/big', undefined, document('x'.repeat(26)));
  expect(hot.find('/big', undefined)).toBeUndefined();
  expect(hot.size).toBe(4);
});

test('replacing and dropping answers gives their bytes back', () => {
  const hot = table({ maxDocumentBytes: 100 });
  for (let round = 0; round < 20; round++) hot.put('/a', undefined, document('x'.repeat(24)));
  for (const target of ['/b', '/c', '/d']) hot.put(target, undefined, document('x'.repeat(24)));
  expect(hot.size).toBe(4);
  hot.drop('/a', undefined);
  hot.put('/e', undefined, document('x'.repeat(24)));
  expect(hot.size).toBe(4);
});

test('a repo can be forgotten whole', () => {
  const hot = table();
  hot.put('/a', undefined, document('one'));
  hot.put('/b', 'token', document('two'));
  hot.put('/c', undefined, document('three', { repo: { type: 'datasets', id: 'a/b' } }));
  hot.dropRepo({ type: 'models', id: 'a/b' });
  expect([hot.find('/a', undefined), hot.find('/b', 'token')]).toEqual([undefined, undefined]);
  expect(hot.find('/c', undefined)).toBeDefined();
});

test('absurdly long targets are not remembered', () => {
  const hot = table();
  hot.put(`/${'a'.repeat(3000)}`, undefined, document('one'));
  expect(hot.size).toBe(0);
});
