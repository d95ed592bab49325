import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import { createFetchSource } from './fetch-source.ts';

const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, at) => at & 255));

/** A file of 1000 bytes at a server that answers as the test says. */
async function source(answer: (response: ServerResponse, range: string) => void) {
  const { url } = await loopbackServer(({ headers }, response) => answer(response, headers.range ?? ''));
  return createFetchSource({ url: new URL(url), size: BYTES.length, name: 'web-seed:x', fetch });
}

async function read(
  from: Awaited<ReturnType<typeof source>>,
  start: number,
  end: number,
  signal = new AbortController().signal,
) {
  const parts: Uint8Array[] = [];
  for await (const part of from.read(start, end, { signal })) parts.push(part.slice());
  return Buffer.concat(parts);
}

test('reads what it is asked for', async () => {
  const asked: string[] = [];
  const good = await source((response, range) => {
    asked.push(range);
    response.writeHead(206, { 'content-range': 'bytes 10-19/1000' }).end(BYTES.subarray(10, 20));
  });
  expect(await read(good, 10, 20)).toEqual(BYTES.subarray(10, 20));
  expect(await read(good, 5, 5)).toEqual(Buffer.alloc(0));
  expect(asked).toEqual(['bytes=10-19']);
});

test('a whole file with 200 is what was asked for only when the whole was', async () => {
  const whole = await source((response) => response.end(BYTES));
  expect(await read(whole, 0, 1000)).toEqual(BYTES);
  await expect(read(whole, 0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test.each([
  [{ 'content-range': 'bytes 0-9/1000' }, 10],
  [{ 'content-range': 'bytes 10-19/999' }, 10],
  [{ 'content-range': 'nonsense' }, 10],
  [{ 'content-length': '11' }, 11],
])('another range, size or length (%j) is no answer', async (headers, length) => {
  const wrong = await source((response) => response.writeHead(206, headers).end(BYTES.subarray(10, 10 + length)));
  await expect(read(wrong, 10, 20)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test.each([
  [404, 'UPSTREAM_INVALID', undefined],
  [429, 'RATE_LIMITED', 7],
  [503, 'UPSTREAM_UNAVAILABLE', 7],
])('HTTP %i is %s', async (status, code, retryAfterSeconds) => {
  const wrong = await source((response) => response.writeHead(status, { 'retry-after': '7' }).end('error page'));
  await expect(read(wrong, 10, 20)).rejects.toMatchObject({
    code,
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  });
});

test('an answer that ends early, or is cut, is a failure', async () => {
  const range = { 'content-range': 'bytes 10-19/1000' };
  const short = await source((response) => response.writeHead(206, range).end(BYTES.subarray(10, 15)));
  await expect(read(short, 10, 20)).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: expect.stringContaining('5 bytes early'),
  });
  const cut = await source((response) => {
    response
      .writeHead(206, { ...range, 'content-length': '10' })
      .write(BYTES.subarray(10, 15), () => response.destroy());
  });
  await expect(read(cut, 10, 20)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('it never gives more than was asked for', async () => {
  const long = await source((response) =>
    response.writeHead(206, { 'content-range': 'bytes 10-19/1000' }).end(BYTES.subarray(10, 500)),
  );
  expect(await read(long, 10, 20)).toEqual(BYTES.subarray(10, 20));
});

test('it ends with the signal', async () => {
  const silent = await source((response) => response.writeHead(206).flushHeaders());
  const stop = new AbortController();
  const reading = read(silent, 10, 20, stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await expect(reading).rejects.toThrow('enough');
});
