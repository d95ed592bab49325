import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Pace, type PacedProxy, startPacedProxy } from '../support/paced-proxy.ts';

const body = Buffer.alloc(1 << 20, 'modelswarm ');
const origin = createServer((_request, response) => response.end(body));
let proxy: PacedProxy | undefined;

beforeAll(() => new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => origin.close(resolve)));
afterEach(() => proxy?.close());

async function paced(pace: Pace): Promise<PacedProxy> {
  proxy = await startPacedProxy(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`, pace);
  return proxy;
}

async function download(url: string): Promise<{ bytes: Buffer; milliseconds: number }> {
  const start = performance.now();
  const response = await fetch(url, { headers: { connection: 'close' } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { bytes, milliseconds: performance.now() - start };
}

test('bytes come through unchanged and are counted', async () => {
  const { url } = await paced({});
  expect((await download(url)).bytes.equals(body)).toBe(true);
  expect(proxy?.bytes).toBeGreaterThan(body.length);
  expect(proxy?.connections.accepted).toBe(1);
});

test('a request on a new connection takes two round trips at least', async () => {
  const { url } = await paced({ delay: 25 });
  expect((await download(url)).milliseconds).toBeGreaterThanOrEqual(4 * 25 - 1);
});

test('the cap holds for all connections together', async () => {
  const { url } = await paced({ bytesPerSecond: 8 << 20 });
  const start = performance.now();
  await Promise.all([download(url), download(url)]);
  expect(performance.now() - start).toBeGreaterThan(230);
});

test('a connection is cut after the given bytes', async () => {
  const { url } = await paced({ cutAfter: 300_000 });
  await expect(download(url)).rejects.toThrow();
  expect(proxy?.bytes).toBe(300_000);
});

test('a stalled line goes on when the pace changes', async () => {
  const { url } = await paced({ stallAfter: 300_000 });
  const result = download(url);
  await expect.poll(() => proxy?.bytes).toBe(300_000);
  proxy?.setPace({});
  expect((await result).bytes.equals(body)).toBe(true);
});

test('a refusing line lets nobody through, and open connections can be cut', async () => {
  const { url } = await paced({ stallAfter: 1000 });
  const stalled = download(url);
  const failed = expect(stalled).rejects.toThrow();
  await expect.poll(() => proxy?.bytes).toBe(1000);
  proxy?.cutAll('close');
  await failed;
  proxy?.setPace({ refuse: true });
  await expect(download(url)).rejects.toThrow();
  await expect.poll(() => proxy?.connections.open).toBe(0);
});
