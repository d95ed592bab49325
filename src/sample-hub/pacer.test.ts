import { expect, test } from 'vitest';
import { steppedClock } from '../../test/support/stepped-clock.ts';
import { Pacer } from './pacer.ts';

test('bytes leave at the pace that was asked for', async () => {
  const clock = steppedClock();
  const pacer = new Pacer(1_000_000, clock);
  const started = clock.now();
  for (let sent = 0; sent < 5_000_000; sent += pacer.slice) await pacer.take(pacer.slice, AbortSignal.timeout(5000));
  const seconds = (clock.now() - started) / 1000;
  expect(seconds).toBeGreaterThan(4.9);
  expect(seconds).toBeLessThan(5);
});

test('two users of one pacer share its pace', async () => {
  const clock = steppedClock();
  const pacer = new Pacer(1000, clock);
  const started = clock.now();
  await Promise.all([pacer.take(500, AbortSignal.timeout(5000)), pacer.take(500, AbortSignal.timeout(5000))]);
  await pacer.take(0, AbortSignal.timeout(5000));
  expect(clock.now() - started).toBeGreaterThanOrEqual(900);
});

test('time that passed unused is not made up for', async () => {
  const clock = steppedClock();
  const pacer = new Pacer(1000, clock);
  await pacer.take(100, AbortSignal.timeout(5000));
  await clock.sleep(60_000);
  const resumed = clock.now();
  for (let sent = 0; sent < 1000; sent += 100) await pacer.take(100, AbortSignal.timeout(5000));
  expect(clock.now() - resumed).toBeGreaterThanOrEqual(800);
});
