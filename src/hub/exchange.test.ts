import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Agent } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import { type Answer, type ExchangeRequest, exchange } from './exchange.ts';

function client(): (url: string, more?: Partial<ExchangeRequest>) => Promise<Answer> {
  const agent = new Agent({ connections: 1 });
  onTestFinished(() => agent.destroy());
  return (url, more = {}) =>
    exchange(agent, {
      url: new URL(url),
      method: 'GET',
      headers: {},
      headersTimeoutMs: 5000,
      bodyTimeoutMs: 5000,
      ...more,
    });
}

/** A server that answers every connection with these bytes. */
async function rawServer(bytes: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function read(answer: Answer): Promise<number> {
  let length = 0;
  for (let chunk = await answer.body.next(); chunk; chunk = await answer.body.next()) length += chunk.length;
  return length;
}

test('a large body arrives whole, also when its reader is slower than the network', async () => {
  const bytes = new Uint8Array(8 * 1024 * 1024).map((_, index) => index % 251);
  const server = await loopbackServer((_, response) => response.end(bytes));
  const answer = await client()(server.url);
  let position = 0;
  for (let chunk = await answer.body.next(); chunk; chunk = await answer.body.next()) {
    expect(Buffer.isBuffer(chunk)).toBe(false);
    expect(Buffer.compare(chunk, bytes.subarray(position, position + chunk.length))).toBe(0);
    position += chunk.length;
    if (position % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(position).toBe(bytes.length);
});

test('a reader that stops makes the sender stop', async () => {
  let sent = 0;
  const server = await loopbackServer((_, response) => {
    const block = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (sent < 64 * 1024 * 1024 && !response.destroyed) {
        sent += block.length;
        if (!response.write(block)) return void response.once('drain', more);
      }
    };
    more();
  });
  const answer = await client()(server.url);
  await answer.body.next();
  // The sender goes on until the buffers of both kernels are full, and then stands still.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  answer.body.destroy();
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a HEAD leaves its connection usable', async () => {
  const server = await loopbackServer((_, response) => response.writeHead(200, { 'content-length': 4 }).end());
  const ask = client();
  for (let n = 0; n < 3; n += 1) {
    const answer = await ask(server.url, { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe('4');
    answer.body.discard();
  }
  expect([server.requests.length, server.connections]).toEqual([3, 1]);
});

test('a short rest that is discarded leaves the connection usable, a long one ends it', async () => {
  const server = await loopbackServer(({ url }, response) =>
    response.end(Buffer.alloc(url === '/long' ? 9_000_000 : 1000)),
  );
  const ask = client();
  (await ask(`${server.url}/short`)).body.discard();
  const answer = await ask(`${server.url}/long`);
  expect(server.connections).toBe(1);
  answer.body.discard();
  await expect.poll(() => server.sockets.size).toBe(0);
});

describe('an abort', () => {
  test('before the answer rejects with the reason and closes the connection', async () => {
    const server = await loopbackServer(() => {});
    const stop = new AbortController();
    const reason = new Error('gone');
    const asking = client()(server.url, { signal: stop.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    stop.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('in the body rejects the next read with the reason and closes the connection', async () => {
    const server = await loopbackServer((_, response) => void response.write(Buffer.alloc(200_000)));
    const stop = new AbortController();
    const reason = new Error('gone');
    const answer = await client()(server.url, { signal: stop.signal });
    await answer.body.next();
    stop.abort(reason);
    await expect(answer.body.next()).rejects.toBe(reason);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('before the request sends nothing', async () => {
    const server = await loopbackServer((_, response) => response.end());
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(client()(server.url, { signal })).rejects.toThrow('gone');
    expect(server.requests).toEqual([]);
  });

  test('while another request holds the only connection rejects at once', async () => {
    const server = await loopbackServer(() => {});
    const ask = client();
    const first = new AbortController();
    const holding = ask(server.url, { signal: first.signal });
    const second = new AbortController();
    const queued = ask(server.url, { signal: second.signal });
    second.abort(new Error('gone'));
    await expect(queued).rejects.toThrow('gone');
    first.abort(new Error('over'));
    await expect(holding).rejects.toThrow('over');
  });
});

describe('what goes wrong has a code', () => {
  test('nobody listens', async () => {
    const server = await loopbackServer(() => {});
    const free = new URL(server.url);
    free.port = '1';
    await expect(client()(free.href)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('no answer in time', async () => {
    const server = await loopbackServer(() => {});
    await expect(client()(server.url, { headersTimeoutMs: 100 })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });

  test('a body that stalls', async () => {
    const server = await loopbackServer((_, response) => void response.writeHead(200).write('x'));
    const answer = await client()(server.url, { bodyTimeoutMs: 100 });
    await expect(read(answer)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });

  test('a body that is cut off', async () => {
    const server = await loopbackServer((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('x');
      setImmediate(() => response.destroy());
    });
    const answer = await client()(server.url);
    await expect(read(answer)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('an answer that is not HTTP, without its bytes in the error', async () => {
    const url = await rawServer('HTTP/1.1 302 Found\r\nlocation: https://cdn/x?Signature=secret\r\nbad header\r\n\r\n');
    const error: unknown = await client()(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(error).not.toHaveProperty('cause');
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });

  test('headers without an end', async () => {
    const url = await rawServer(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(100)}\r\n`);
    await expect(client()(url)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });
});

test('an early hint is not the answer', async () => {
  const url = await rawServer(
    'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  );
  const answer = await client()(url);
  expect([answer.status, await read(answer)]).toEqual([200, 2]);
});
