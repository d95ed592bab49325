import { expect, test } from 'vitest';
import { SwarmError } from '../errors.ts';
import { limitBody, readBounded } from './bounded-body.ts';

/** Chunks of ten bytes without end, and whether somebody has had enough. */
function endless() {
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      state.cancelled = true;
    },
  });
  return { stream, state };
}

const tooLarge = () => new SwarmError('TOO_LARGE', 'too large');

test('a body within the bound is read whole', async () => {
  expect(await readBounded(new Response('a'.repeat(100)).body, 100, tooLarge)).toHaveLength(100);
  expect(await readBounded(null, 0, tooLarge)).toHaveLength(0);
});

test('a body that does not end is left after the bound', async () => {
  const { stream, state } = endless();
  await expect(readBounded(stream, 95, tooLarge)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(state.cancelled).toBe(true);
});

test('a stream over the bound breaks off, so that it does not look complete', async () => {
  const { stream, state } = endless();
  await expect(new Response(limitBody(stream, 95)).bytes()).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  expect(state.cancelled).toBe(true);
  expect(await new Response(limitBody(new Blob(['abc']).stream(), 3)).text()).toBe('abc');
});
