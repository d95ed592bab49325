import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedReader } from '../../test/support/scripted-reader.ts';
import { shareReader } from './shared-reader.ts';

/** Lets the idle time pass once. */
async function pass(clock: ManualClock): Promise<void> {
  clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
}

test('callers share one reader, which closes when nobody has used it for a while', async () => {
  const clock = new ManualClock();
  const opened: ScriptedReader[] = [];
  const share = shareReader(
    async () => {
      const reader = new ScriptedReader(100);
      opened.push(reader);
      return reader;
    },
    { clock },
  );
  const [first, second] = await Promise.all([share(), share()]);
  expect(opened).toHaveLength(1);
  first?.close();
  first?.close();
  await pass(clock);
  expect(opened[0]?.closed).toBe(0);
  expect(await second?.read(new Uint8Array(10), 0)).toBe(10);
  second?.close();
  await pass(clock);
  await pass(clock);
  expect(opened[0]?.closed).toBe(1);
  await share();
  expect(opened).toHaveLength(2);
});

test('a reader that is open is lent at once', async () => {
  const share = shareReader(async () => new ScriptedReader(1), { clock: new ManualClock() });
  await share();
  expect(share()).not.toBeInstanceOf(Promise);
});

test('a use during the wait keeps the reader open', async () => {
  const clock = new ManualClock();
  const reader = new ScriptedReader(1);
  const share = shareReader(async () => reader, { clock });
  (await share())?.close();
  await pass(clock);
  (await share())?.close();
  await pass(clock);
  expect(reader.closed).toBe(0);
  await pass(clock);
  expect(reader.closed).toBe(1);
});

test('an opening that finds nothing or fails is tried again', async () => {
  const outcomes = [
    async () => undefined,
    async () => {
      throw new Error('disk');
    },
    async () => new ScriptedReader(1),
  ];
  const share = shareReader(() => outcomes.shift()?.() ?? Promise.resolve(undefined), { clock: new ManualClock() });
  expect(await share()).toBeUndefined();
  await expect(share()).rejects.toThrow('disk');
  expect((await share())?.size).toBe(1);
});
