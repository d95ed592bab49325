import { expect, test } from 'vitest';
import { createLookupGate } from './lookup-gate.ts';

/** Operations that run until the test lets them go. */
function held() {
  const releases: (() => void)[] = [];
  const state = { running: 0, peak: 0 };
  const operation = async (): Promise<void> => {
    state.running += 1;
    state.peak = Math.max(state.peak, state.running);
    await new Promise<void>((resolve) => releases.push(resolve));
    state.running -= 1;
  };
  return { state, operation, releaseOne: () => releases.shift()?.() };
}

test('no more than the allowed number run at once, and all run in the end, in order', async () => {
  const gate = createLookupGate({ concurrent: 2, waiting: 10 });
  const { state, operation, releaseOne } = held();
  const order: number[] = [];
  const all = [0, 1, 2, 3, 4].map((n) => gate.run(operation).then(() => order.push(n)));
  for (let n = 0; n < 5; n += 1) {
    await expect.poll(() => state.running).toBeGreaterThan(0);
    releaseOne();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  expect([state.peak, order]).toEqual([2, [0, 1, 2, 3, 4]]);
});

test('beyond the queue, callers are told to come back', async () => {
  const gate = createLookupGate({ concurrent: 1, waiting: 1 });
  const { operation, releaseOne } = held();
  const running = [gate.run(operation), gate.run(operation)];
  await expect(gate.run(operation)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
  releaseOne();
  await running[0];
  await expect.poll(() => releaseOne()).toBeUndefined();
  await running[1];
});

test('a place in the queue is given up by an abort, and a failure frees its place', async () => {
  const gate = createLookupGate({ concurrent: 1, waiting: 1 });
  const { operation, releaseOne } = held();
  const first = gate.run(operation);
  const stop = new AbortController();
  const second = gate.run(operation, stop.signal);
  stop.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  releaseOne();
  await first;
  await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.run(() => Promise.resolve('free'))).toBe('free');
});

test('a caller who has left already is not let in', async () => {
  const gate = createLookupGate({ concurrent: 1, waiting: 1 });
  const signal = AbortSignal.abort(new Error('gone'));
  await expect(gate.run(() => Promise.resolve('ran'), signal)).rejects.toThrow('gone');
});
