import { expect, test } from 'vitest';
import { leaveOnAbort } from './leave-on-abort.ts';

test('whoever leaves gets his reason at once, and the work goes on for the others', async () => {
  const work = Promise.withResolvers<string>();
  const leaving = new AbortController();
  const left = leaveOnAbort(work.promise, leaving.signal);
  const stayed = leaveOnAbort(work.promise, new AbortController().signal);
  leaving.abort(new Error('went away'));
  await expect(left).rejects.toThrow('went away');
  work.resolve('done');
  await expect(stayed).resolves.toBe('done');
});

test('whoever has left before gets his reason, also when the work is done', async () => {
  const reason = new Error('went away');
  await expect(leaveOnAbort(Promise.resolve('done'), AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('the failure of the work is everybody’s, and nobody’s when all have left', async () => {
  const work = Promise.withResolvers<string>();
  const leaving = new AbortController();
  const left = leaveOnAbort(work.promise, leaving.signal);
  const stayed = leaveOnAbort(work.promise, undefined);
  leaving.abort(new Error('went away'));
  await expect(left).rejects.toThrow('went away');
  work.reject(new Error('failed'));
  await expect(stayed).rejects.toThrow('failed');
});
