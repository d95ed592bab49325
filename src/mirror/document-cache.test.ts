import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { DocumentStore, StoredDocument } from '../contracts/catalog.ts';
import { SwarmError } from '../errors.ts';
import { DocumentCache } from './document-cache.ts';

interface Over {
  readonly preferStored?: boolean;
  readonly status?: number;
  readonly bytes?: number;
  readonly admit?: () => void;
  /** When the Hub answers. */
  readonly until?: Promise<void>;
}

function setUp({ offline = false } = {}) {
  const clock = new ManualClock();
  const kept = new Map<string, StoredDocument>();
  const documents: DocumentStore = {
    document: (key) => kept.get(key),
    putDocument: (key, value) => void kept.set(key, value),
  };
  const cache = new DocumentCache({ documents, clock, offline });
  let loads = 0;
  const down = () => new SwarmError('UPSTREAM_UNAVAILABLE', 'down');
  const get = async (failure?: SwarmError, over: Over = {}) => {
    const load = async (): Promise<StoredDocument> => {
      loads += 1;
      await (over.until ?? new Promise((resolve) => setImmediate(resolve)));
      if (failure) throw failure;
      const body = new Uint8Array(over.bytes ?? 1);
      return { status: over.status ?? 200, headers: {}, body, storedAt: clock.now() };
    };
    const { preferStored = false, admit = () => {} } = over;
    return (await cache.get({ key: 'key', freshFor: 60_000, preferStored, admit, load })).outcome;
  };
  return { clock, kept, get, down, loads: () => loads };
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('a document is fetched once, shared by those who wait, and good until its time is over', async () => {
  const { get, clock, loads } = setUp();
  expect(await Promise.all([get(), get(), get()])).toEqual(['miss', 'joined', 'joined']);
  clock.advance(MINUTE);
  expect(await get()).toBe('hit');
  clock.advance(1);
  expect(await get()).toBe('miss');
  expect(loads()).toBe(2);
});

test('an outage is bridged for a day, and the Hub is left alone for two seconds', async () => {
  const { get, down, clock, loads } = setUp();
  await get();
  clock.advance(2 * MINUTE);
  expect(await get(down())).toBe('stale');
  expect(await get(down())).toBe('stale');
  expect(loads()).toBe(2);
  clock.advance(2000);
  expect(await get()).toBe('miss');
  clock.advance(DAY + 1);
  await expect(get(down())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('too many requests and nonsense from the Hub are bridged too; a refusal is not', async () => {
  const { get, clock } = setUp();
  await get();
  clock.advance(2 * MINUTE);
  expect(await get(new SwarmError('UPSTREAM_INVALID', 'not JSON'))).toBe('stale');
  clock.advance(2000);
  expect(await get(new SwarmError('RATE_LIMITED', 'slow down'))).toBe('stale');
  clock.advance(2000);
  await expect(get(new SwarmError('HUB_REFUSED', 'no'))).rejects.toMatchObject({ code: 'HUB_REFUSED' });
});

test('a Hub that takes its time is not waited for when an old answer will do; what it says later is kept', async () => {
  const { get, clock, loads } = setUp();
  await get();
  clock.advance(2 * MINUTE);
  const hub = Promise.withResolvers<void>();
  const slow = get(undefined, { until: hub.promise });
  clock.advance(2500);
  expect(await slow).toBe('stale');
  hub.resolve();
  await vi.waitFor(async () => expect(await get()).toBe('hit'));
  expect(loads()).toBe(2);
});

test('without an old answer, a slow Hub is waited for', async () => {
  const { get, clock } = setUp();
  const hub = Promise.withResolvers<void>();
  const slow = get(undefined, { until: hub.promise });
  clock.advance(MINUTE);
  hub.resolve();
  expect(await slow).toBe('miss');
});

test('when the Hub is known to be down, it is not even asked', async () => {
  const { get, down, clock, loads } = setUp();
  await get();
  clock.advance(2 * MINUTE);
  expect(await get(down(), { preferStored: true })).toBe('stale');
  expect(loads()).toBe(1);
});

test('offline, age does not count and nothing is asked', async () => {
  const { get, kept, clock, loads } = setUp({ offline: true });
  await expect(get()).rejects.toMatchObject({ code: 'OFFLINE' });
  kept.set('key', { status: 200, headers: {}, body: new Uint8Array(1), storedAt: clock.now() - 400 * DAY });
  expect(await get()).toBe('stale');
  expect(loads()).toBe(0);
});

test('only good answers of a sane size are kept', async () => {
  const { get, kept } = setUp();
  await get(undefined, { status: 202 });
  await get(undefined, { bytes: 16 * 1024 * 1024 + 1 });
  expect(kept.size).toBe(0);
});

test('a copy from the future (the clock was set back) is not taken for fresh', async () => {
  const { get, clock } = setUp();
  await get();
  clock.advance(-2 * MINUTE);
  expect(await get()).toBe('miss');
});

test('a caller who may not ask gets the old copy, and takes nothing from the others', async () => {
  const { get, clock, loads } = setUp();
  const admit = () => {
    throw new SwarmError('RATE_LIMITED', 'not you');
  };
  await expect(get(undefined, { admit })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await get();
  expect(await get(undefined, { admit })).toBe('hit');
  clock.advance(2 * MINUTE);
  expect(await get(undefined, { admit })).toBe('stale');
  expect(await get()).toBe('miss');
  expect(loads()).toBe(2);
});
