import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { readAll, scriptedHub, testHubClient } from '../../test/support/loopback-hub.ts';
import { type LoopbackServer, loopbackServer, type SeenRequest } from '../../test/support/loopback-server.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { RangeSource } from '../contracts/range-source.ts';

const COMMIT = 'c'.repeat(40);
const repo: RepoRef = { type: 'models', id: 'org/name' };
const SIZE = 100_000;
const BYTES = new Uint8Array(SIZE).map((_, index) => (index * 7 + (index >> 8)) % 256);
const FILE = { repo, commit: COMMIT, path: 'model.bin', size: SIZE };
const PATHNAME = `/org/name/resolve/${COMMIT}/model.bin`;
const signal = new AbortController().signal;

function read(source: RangeSource, start: number, end: number): Promise<Uint8Array> {
  return readAll(source.read(start, end, { signal }));
}

/** Answers a range request as a good server does. */
function serveRange(request: SeenRequest, response: ServerResponse): void {
  const [, start = '0', end = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const body = BYTES.subarray(Number(start), Number(end) + 1);
  const headers = { 'content-range': `bytes ${start}-${end}/${SIZE}`, 'content-length': body.length };
  response.writeHead(206, headers).end(body);
}

/** A second origin whose URLs are good only while their signature is the current one. */
async function signedCdn(): Promise<{ server: LoopbackServer; signature: string; readonly location: string }> {
  const cdn = {
    signature: 'one',
    server: await loopbackServer((request, response) => {
      if (request.url === `/f?Signature=${cdn.signature}`) serveRange(request, response);
      else response.writeHead(403).end('expired');
    }),
    get location() {
      return `${cdn.server.url}/f?Signature=${cdn.signature}`;
    },
  };
  return cdn;
}

describe('an LFS file', () => {
  test('is read from the signed URL, which is used again for further ranges', async () => {
    const cdn = await signedCdn();
    const { server, client } = await scriptedHub((_, response) => {
      response.writeHead(302, { location: cdn.location }).end('Found');
    });
    const source = client.source(FILE, { token: 'hf_secret' });
    expect(await read(source, 0, SIZE)).toEqual(BYTES);
    expect(await read(source, 5, 10)).toEqual(BYTES.slice(5, 10));
    expect(await read(source, SIZE - 1, SIZE)).toEqual(BYTES.slice(-1));
    expect(server.requests.map(({ url }) => url)).toEqual([PATHNAME]);
    expect(cdn.server.requests.map(({ headers }) => headers.range)).toEqual([
      `bytes=0-${SIZE - 1}`,
      'bytes=5-9',
      `bytes=${SIZE - 1}-${SIZE - 1}`,
    ]);
  });

  test('starts at the URL that came with the look-up, without a request to the Hub', async () => {
    const cdn = await signedCdn();
    const { server, client } = await scriptedHub((_, response) => response.end());
    const source = client.source(FILE, { location: cdn.location });
    expect(await read(source, 0, 4)).toEqual(BYTES.slice(0, 4));
    expect(server.requests).toEqual([]);
  });

  test('whose signed URL has expired is asked for again, once', async () => {
    const cdn = await signedCdn();
    const { server, client } = await scriptedHub((_, response) => {
      response.writeHead(302, { location: cdn.location }).end();
    });
    const source = client.source(FILE, { location: `${cdn.server.url}/f?Signature=old` });
    expect(await read(source, 0, 4)).toEqual(BYTES.slice(0, 4));
    cdn.signature = 'two';
    expect(await read(source, 4, 8)).toEqual(BYTES.slice(4, 8));
    expect([server.requests.length, cdn.server.requests.length]).toEqual([2, 4]);
  });

  test('whose signed URL leads to a dead host is asked for again', async () => {
    const { client } = await scriptedHub((request, response) => serveRange(request, response));
    const source = client.source(FILE, { location: 'http://127.0.0.1:1/f' });
    expect(await read(source, 0, 4)).toEqual(BYTES.slice(0, 4));
  });

  test('whose fresh signed URL is refused too fails, and neither error nor log holds the signature', async () => {
    const cdn = await signedCdn();
    const logger = recordingLogger();
    const location = `${cdn.server.url}/f?Signature=wrong`;
    const { client } = await scriptedHub((_, response) => void response.writeHead(302, { location }).end(), { logger });
    const error: unknown = await read(client.source(FILE, { location, token: 'hf_secret' }), 0, 4).catch(
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', message: expect.stringContaining('model.bin') });
    const written = `${error} ${JSON.stringify(error)} ${JSON.stringify(logger.lines)}`;
    expect(logger.lines.length).toBeGreaterThan(0);
    for (const secret of ['Signature', 'wrong', 'hf_secret']) expect(written).not.toContain(secret);
  });
});

test('the token goes to the Hub and to nobody else', async () => {
  const last = await loopbackServer(serveRange);
  const middle = await loopbackServer(
    (_, response) => void response.writeHead(302, { location: `${last.url}/f` }).end(),
  );
  const { server, client } = await scriptedHub(({ url }, response) => {
    const location = url.startsWith('/hop') ? `${middle.url}/f` : '/hop?a=1';
    response.writeHead(302, { location, 'set-cookie': 'session=1' }).end();
  });
  expect(await read(client.source(FILE, { token: 'hf_secret' }), 0, 4)).toEqual(BYTES.slice(0, 4));
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer hf_secret', 'Bearer hf_secret']);
  for (const { headers } of [...middle.requests, ...last.requests]) {
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
  }
  expect([middle.requests.length, last.requests.length]).toEqual([1, 1]);
});

test('another port of the same host is not the Hub', async () => {
  const other = await loopbackServer(serveRange);
  const { client } = await scriptedHub((_, response) => response.end());
  await read(client.source(FILE, { token: 'hf_secret', location: `${other.url}/f` }), 0, 4);
  expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
});

test('a server elsewhere cannot send us back to the Hub', async () => {
  let back = '';
  const cdn = await loopbackServer((_, response) => void response.writeHead(302, { location: back }).end());
  const { server, client } = await scriptedHub((_, response) => {
    response.writeHead(302, { location: `${cdn.url}/f` }).end();
  });
  back = `${server.url}/api/settings`;
  await expect(read(client.source(FILE, { token: 'hf_secret' }), 0, 4)).rejects.toMatchObject({
    code: 'UPSTREAM_INVALID',
  });
  expect(server.requests.map(({ url }) => url)).toEqual([PATHNAME]);
});

test('a plain file is read through resolve-cache, hop by hop, with the query and the range', async () => {
  const { server, client } = await scriptedHub((request, response) => {
    if (request.url.startsWith('/api/')) serveRange(request, response);
    else response.writeHead(307, { location: '/api/resolve-cache/models/x?a=%2F&etag=%22y%22' }).end();
  });
  expect(await read(client.source(FILE, { token: 'hf_t' }), 10, 20)).toEqual(BYTES.slice(10, 20));
  expect(server.requests.map(({ url, headers }) => [url, headers.range, headers['accept-encoding']])).toEqual([
    [PATHNAME, 'bytes=10-19', 'identity'],
    ['/api/resolve-cache/models/x?a=%2F&etag=%22y%22', 'bytes=10-19', 'identity'],
  ]);
});

test('connections are used again, also those that brought a redirect', async () => {
  const { server, client } = await scriptedHub((request, response) => {
    if (request.url.startsWith('/api/')) serveRange(request, response);
    else response.writeHead(307, { location: '/api/resolve-cache/x' }).end('Temporary Redirect');
  });
  const source = client.source(FILE);
  for (let n = 0; n < 10; n += 1) await read(source, n, n + 5);
  expect(server.requests).toHaveLength(20);
  expect(server.connections).toBeLessThanOrEqual(2);
});

test('an empty range, and an empty file, cost no request', async () => {
  const { server, client } = await scriptedHub((_, response) => response.end());
  expect(await read(client.source({ ...FILE, size: 0 }), 0, 0)).toHaveLength(0);
  expect(await read(client.source(FILE), 7, 7)).toHaveLength(0);
  expect(server.requests).toEqual([]);
});

test.each([
  [-1, 5],
  [5, 4],
  [0, SIZE + 1],
  [0.5, 2],
  [0, Number.NaN],
])('the range %d to %d is a mistake of the caller', async (start, end) => {
  const { client } = await scriptedHub((_, response) => response.end());
  expect(() => client.source(FILE).read(start, end, { signal })).toThrow(RangeError);
});

test('an abort closes the connection and rejects with its reason', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-${SIZE - 1}/${SIZE}`, 'content-length': SIZE });
    response.write(BYTES.subarray(0, 1000));
  });
  const stop = new AbortController();
  const reason = new Error('not wanted');
  const chunks = client.source(FILE).read(0, SIZE, { signal: stop.signal })[Symbol.asyncIterator]();
  await chunks.next();
  stop.abort(reason);
  await expect(chunks.next()).rejects.toBe(reason);
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a consumer that stops closes the connection', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-${SIZE - 1}/${SIZE}`, 'content-length': SIZE });
    response.write(BYTES.subarray(0, 1000));
  });
  for await (const _ of client.source(FILE).read(0, SIZE, { signal })) break;
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a file that a redirect circle hides is given up', async () => {
  const { server, client } = await scriptedHub(
    (_, response) => void response.writeHead(302, { location: '/again' }).end(),
  );
  await expect(read(client.source(FILE), 0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  expect(server.requests).toHaveLength(6);
});

test('a signed URL at a private address is not followed from a public Hub', async () => {
  const cdn = await loopbackServer(serveRange, { tls: true });
  const logger = recordingLogger();
  const client = testHubClient('https://hub.test', {
    logger,
    resolveHost: async (name) => [{ address: name === 'cdn.test' ? '127.0.0.1' : '8.8.8.8', family: 4 }],
    proxy: { https: 'http://127.0.0.1:1', noProxy: 'cdn.test' },
  });
  const source = client.source(FILE, { location: `https://cdn.test:${cdn.port}/f` });
  await expect(read(source, 0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(JSON.stringify(logger.lines)).toContain('not at a public address');
  expect(cdn.connections).toBe(0);
});
