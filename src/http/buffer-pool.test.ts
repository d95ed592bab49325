import { expect, test } from 'vitest';
import { BufferPool, bufferSizeFor } from './buffer-pool.ts';

const KIB = 1024;

test('a buffer that was given back is used again, also for less', () => {
  const pool = new BufferPool();
  const buffer = pool.take(300 * KIB);
  expect(buffer.length).toBe(512 * KIB);
  pool.give(buffer);
  expect(pool.take(10)).toBe(buffer);
  expect(pool.take(10).length).toBe(64 * KIB);
});

test('idle buffers are bounded', () => {
  const pool = new BufferPool();
  const buffers = Array.from({ length: 100 }, () => pool.take(512 * KIB));
  for (const buffer of buffers) pool.give(buffer);
  const again = Array.from({ length: 100 }, () => pool.take(512 * KIB));
  expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(32);
});

test('the more clients there are, the less each of them holds', () => {
  expect(bufferSizeFor(1)).toBe(512 * KIB);
  for (const senders of [8, 32, 64, 128, 256]) {
    const held = bufferSizeFor(senders) * 2 * senders;
    expect(held).toBeLessThanOrEqual(32 * KIB * KIB);
  }
  expect(bufferSizeFor(10_000)).toBe(64 * KIB);
});
