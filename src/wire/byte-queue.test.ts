import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

test('bytes come out as they went in, however they are cut', () => {
  const step = fc.record({ push: fc.uint8Array({ maxLength: 1500 }), take: fc.nat(2000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const queue = new ByteQueue();
      let expected: number[] = [];
      for (const { push, take } of steps) {
        queue.push(push);
        push.forEach((byte) => {
          expected.push(byte);
        });
        expect(queue.length).toBe(expected.length);
        const taken = queue.take(take);
        expect(taken && [...taken]).toEqual(take > expected.length ? undefined : expected.slice(0, take));
        if (taken) expected = expected.slice(take);
      }
    }),
  );
});

test('a marker is found where it begins, no later than asked for', () => {
  const queue = new ByteQueue();
  queue.push(Uint8Array.of(1, 2, 1, 2, 3, 9));
  queue.take(1);
  const marker = Uint8Array.of(1, 2, 3);
  expect(queue.indexOf(marker, 5)).toBe(1);
  expect(queue.indexOf(marker, 1)).toBe(1);
  expect(queue.indexOf(marker, 0)).toBe(-1);
  expect(queue.indexOf(Uint8Array.of(3, 9, 9), 5)).toBe(-1);
});
