import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createWebSeeds } from './web-seed.ts';

const content = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 255));

type Answer = (request: IncomingMessage, response: ServerResponse, start: number, end: number) => void;

/** The answer that a server should give. */
const good: Answer = (_request, response, start, end) => {
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end - 1}/${content.length}`,
    'content-length': end - start,
  });
  response.end(content.subarray(start, end));
};

async function setUp(answer: Answer) {
  const asked: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    answer(request, response, Number(from), Number(to) + 1);
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const seeds = createWebSeeds();
  onTestFinished(() => {
    seeds.close();
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${address.port}/model%20file.bin?signature=secret`);
  const source = seeds.source({ url, size: content.length, name: 'web-seed:test' });
  const read = async (
    start: number,
    end: number,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Buffer> => {
    const chunks = [];
    for await (const chunk of source.read(start, end, { signal })) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  };
  return { read, asked, server, connections: () => connections };
}

test('ranges come byte for byte, over one connection that is used again', async () => {
  const { read, asked, connections } = await setUp(good);
  for (const [start, end] of [
    [0, content.length],
    [500_000, 500_001],
    [7, 700_000],
    [999_999, content.length],
  ] as const) {
    expect(Buffer.compare(await read(start, end), content.subarray(start, end))).toBe(0);
  }
  expect(asked[0]).toBe('/model%20file.bin?signature=secret');
  expect(connections()).toBe(1);
});

test('a connection that the server has closed while it was idle is no failure', async () => {
  const { read, server } = await setUp(good);
  await read(0, 10);
  server.closeAllConnections();
  expect(Buffer.compare(await read(10, 20), content.subarray(10, 20))).toBe(0);
});

test('a whole file is taken where all of it is wanted, chunked or not, and nowhere else', async () => {
  const { read } = await setUp((_request, response) => response.writeHead(200).end(content));
  expect(Buffer.compare(await read(0, content.length), content)).toBe(0);
  await expect(read(5, 100)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test('redirects are followed as they are, and loops are not', async () => {
  const { read, asked } = await setUp((request, response, start, end) => {
    if (request.url?.startsWith('/there')) good(request, response, start, end);
    else response.writeHead(302, { location: '/there?a=%2F' }).end();
  });
  expect(Buffer.compare(await read(100, 200), content.subarray(100, 200))).toBe(0);
  expect(asked.at(-1)).toBe('/there?a=%2F');
  const loop = await setUp((_request, response) => response.writeHead(302, { location: '/again' }).end());
  await expect(loop.read(0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test.each<[string, Answer, string]>([
  [
    'of another range',
    (_, response) =>
      response
        .writeHead(206, { 'content-range': `bytes 0-9/${content.length}`, 'content-length': 10 })
        .end(content.subarray(0, 10)),
    'UPSTREAM_INVALID',
  ],
  [
    'of a file of another size',
    (_, response, start, end) =>
      response
        .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/5`, 'content-length': end - start })
        .end(content.subarray(start, end)),
    'UPSTREAM_INVALID',
  ],
  ['that is not there', (_, response) => response.writeHead(404).end('no such file'), 'UPSTREAM_INVALID'],
  ['that comes later', (_, response) => response.writeHead(429, { 'retry-after': '7' }).end(), 'RATE_LIMITED'],
  ['that is broken', (_, response) => response.writeHead(503).end(), 'UPSTREAM_UNAVAILABLE'],
  [
    'that is compressed',
    (_, response, start, end) =>
      response
        .writeHead(206, {
          'content-range': `bytes ${start}-${end - 1}/${content.length}`,
          'content-length': end - start,
          'content-encoding': 'gzip',
        })
        .end(content.subarray(start, end)),
    'UPSTREAM_INVALID',
  ],
  [
    'that ends early',
    (_, response, start, end) => {
      response.writeHead(206, {
        'content-range': `bytes ${start}-${end - 1}/${content.length}`,
        'content-length': end - start,
      });
      response.write(content.subarray(start, end - 50));
      setTimeout(() => response.destroy(), 20);
    },
    'UPSTREAM_UNAVAILABLE',
  ],
])('an answer %s is told as it is', async (_, answer, code) => {
  const { read } = await setUp(answer);
  const failure = read(100, 500_000);
  await expect(failure).rejects.toMatchObject({ code });
  await failure.catch((error: Error) => expect(error.message).not.toContain('secret'));
});

test('an abort ends a request at once, before the answer and in the middle of it', async () => {
  const silent = await setUp(() => {});
  const slow = await setUp((_, response, start, end) => {
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end - 1}/${content.length}`,
      'content-length': end - start,
    });
    response.write(content.subarray(start, start + 1000));
  });
  for (const { read } of [silent, slow]) {
    const stop = new AbortController();
    const reading = read(0, 100_000, stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(reading).rejects.toThrow('enough');
  }
});

test('whatever a server says instead of HTTP ends in an error of ours', async () => {
  let says: Uint8Array = new Uint8Array(0);
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(says));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = new URL(`http://127.0.0.1:${address.port}/x`);
  const head = 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n0123456789';
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ maxLength: 200 }).map((text) => Buffer.from(`HTTP/1.1 ${text}`)),
    fc.nat(head.length).map((length) => Buffer.from(head.slice(0, length))),
    fc.tuple(fc.nat(head.length - 1), fc.nat(127)).map(([at, byte]) => {
      const bytes = Buffer.from(head);
      bytes[at] = byte;
      return bytes;
    }),
  );
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      says = bytes;
      const seeds = createWebSeeds();
      const source = seeds.source({ url, size: 10, name: 'web-seed:test' });
      let length = 0;
      try {
        for await (const chunk of source.read(0, 10, { signal: AbortSignal.timeout(5000) })) length += chunk.length;
        expect(length).toBe(10);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^UPSTREAM_|RATE_LIMITED/) });
      } finally {
        seeds.close();
      }
    }),
    { numRuns: 100 },
  );
});
