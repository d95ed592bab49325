import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testHubClient } from '../../test/support/loopback-hub.ts';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import { TEST_CA } from '../../test/support/tls-certificate.ts';

const repo = { type: 'models', id: 'org/name' } as const;
const headers = { 'x-repo-commit': 'c'.repeat(40), etag: `"${'a'.repeat(40)}"`, 'content-length': 4 };
const signal = new AbortController().signal;

interface TestProxy {
  readonly url: string;
  /** `CONNECT host:port` and `GET http://host/path`. */
  readonly seen: string[];
  readonly authorizations: (string | undefined)[];
}

/** A forward proxy with CONNECT that leads every name to 127.0.0.1. */
async function forwardProxy(credentials?: string): Promise<TestProxy> {
  const seen: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const admitted = (request: IncomingMessage): boolean => {
    seen.push(`${request.method} ${request.url}`);
    const authorization = request.headers['proxy-authorization'];
    authorizations.push(authorization);
    return credentials === undefined || authorization === `Basic ${btoa(credentials)}`;
  };
  const server = createServer((request, response) => {
    if (!admitted(request)) return void response.writeHead(407).end();
    const url = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...passedOn } = request.headers;
    const onward = httpRequest({
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname + url.search,
      method: request.method,
      headers: passedOn,
    });
    onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)));
    onward.end();
  });
  server.on('connect', (request, socket) => {
    socket.on('error', () => {});
    if (!admitted(request)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const onward = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const user = credentials === undefined ? '' : `${credentials}@`;
  return { url: `http://${user}127.0.0.1:${port}`, seen, authorizations };
}

test('https goes through the proxy by CONNECT, trusted by the given authority; the proxy never sees the token', async () => {
  const hub = await loopbackServer((_, response) => response.writeHead(200, headers).end(), { tls: true });
  const proxy = await forwardProxy();
  const client = testHubClient(`https://hub.test:${hub.port}`, { proxy: { https: proxy.url }, ca: TEST_CA });
  await client.resolveFile(repo, 'main', 'x', { token: 'hf_secret' });
  expect(proxy.seen).toEqual([`CONNECT hub.test:${hub.port}`]);
  expect(hub.requests[0]?.headers).toMatchObject({ host: `hub.test:${hub.port}`, authorization: 'Bearer hf_secret' });
});

test('http goes through the proxy in the plain form, with the credentials of the proxy for the proxy only', async () => {
  const hub = await loopbackServer((_, response) => response.writeHead(200, headers).end());
  const proxy = await forwardProxy('user:pass');
  const client = testHubClient(`http://hub.test:${hub.port}`, { proxy: { http: proxy.url } });
  await client.resolveFile(repo, 'main', 'x');
  expect(proxy.seen).toEqual([`HEAD http://hub.test:${hub.port}/org/name/resolve/main/x`]);
  expect(proxy.authorizations).toEqual([`Basic ${btoa('user:pass')}`]);
  expect(hub.requests[0]?.headers).toMatchObject({ host: `hub.test:${hub.port}` });
  expect(hub.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
});

test('file bytes come through the proxy too, those of the other origin included', async () => {
  const cdn = await loopbackServer(
    (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-3/4', 'content-length': 4 }).end('data');
    },
    { tls: true },
  );
  const hub = await loopbackServer(
    (_, response) => void response.writeHead(302, { location: `https://cdn.test:${cdn.port}/f` }).end(),
    { tls: true },
  );
  const proxy = await forwardProxy();
  const client = testHubClient(`https://hub.test:${hub.port}`, { proxy: { https: proxy.url }, ca: TEST_CA });
  const source = client.source({ repo, commit: 'c'.repeat(40), path: 'f', size: 4 }, { token: 'hf_secret' });
  let text = '';
  for await (const chunk of source.read(0, 4, { signal })) text += new TextDecoder().decode(chunk);
  expect(text).toBe('data');
  expect(proxy.seen).toEqual([`CONNECT hub.test:${hub.port}`, `CONNECT cdn.test:${cdn.port}`]);
  expect(cdn.requests[0]?.headers).not.toHaveProperty('authorization');
});

test('hosts of noProxy are reached directly', async () => {
  const hub = await loopbackServer((_, response) => response.writeHead(200, headers).end());
  const proxy = await forwardProxy();
  const client = testHubClient(hub.url, { proxy: { http: proxy.url, noProxy: 'localhost,127.0.0.1' } });
  await client.resolveFile(repo, 'main', 'x');
  expect(proxy.seen).toEqual([]);
});

test('a proxy for https only leaves http alone', async () => {
  const hub = await loopbackServer((_, response) => response.writeHead(200, headers).end());
  const client = testHubClient(hub.url, { proxy: { https: 'http://127.0.0.1:1' } });
  await client.resolveFile(repo, 'main', 'x');
});

test.each(['http', 'https'])(
  'a proxy that refuses is named in the error, its credentials are not (%s)',
  async (scheme) => {
    const proxy = await forwardProxy('user:right');
    const uri = proxy.url.replace('right', 'wrong');
    const client = testHubClient(`${scheme}://hub.test:9`, { proxy: { http: uri, https: uri }, attempts: 1 });
    const error: unknown = await client.resolveFile(repo, 'main', 'x').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', message: expect.stringContaining('proxy') });
    expect(String(error)).toContain('407');
    expect(String(error)).not.toContain('wrong');
  },
);

test('a certificate of an unknown authority is refused, with advice', async () => {
  const hub = await loopbackServer((_, response) => response.end(), { tls: true });
  const client = testHubClient(hub.url, { attempts: 1 });
  await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    message: expect.stringContaining('certificate'),
  });
  expect(hub.requests).toEqual([]);
});

test('a certificate for another name is refused although its authority is trusted', async () => {
  const hub = await loopbackServer((_, response) => response.end(), { tls: true });
  const resolveHost = async () => [{ address: '127.0.0.1', family: 4 }];
  const client = testHubClient(`https://hub.elsewhere:${hub.port}`, { ca: TEST_CA, attempts: 1, resolveHost });
  await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(hub.requests).toEqual([]);
});

test.each(['not a url', 'user:secret@proxy'])('the proxy %s is refused at the start, without its text', (uri) => {
  const open = () => testHubClient('https://hub.test', { proxy: { https: uri } });
  expect(open).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.not.stringContaining('secret') }));
});

test('long downloads from the Hub do not hold up a look-up', async () => {
  const hub = await loopbackServer(({ method }, response) => {
    if (method === 'HEAD') response.writeHead(200, headers).end();
    else response.writeHead(206, { 'content-range': 'bytes 0-999/1000', 'content-length': 1000 }).write('x');
  });
  const client = testHubClient(hub.url, { connections: 2 });
  const source = client.source({ repo, commit: 'c'.repeat(40), path: 'f', size: 1000 });
  for (let n = 0; n < 3; n += 1)
    void source
      .read(0, 1000, { signal })
      [Symbol.asyncIterator]()
      .next()
      .catch(() => {});
  await expect.poll(() => hub.requests.length).toBe(2);
  expect((await client.resolveFile(repo, 'main', 'x')).size).toBe(4);
});

test('after close, what runs ends with CLOSED and nothing new is sent', async () => {
  const hub = await loopbackServer(({ method }, response) => {
    if (method === 'GET') response.writeHead(200).write('x');
  });
  const client = testHubClient(hub.url);
  const { body } = await client.request('/x', { method: 'GET' });
  const reading = new Response(body).text();
  const asking = client.resolveFile(repo, 'main', 'x');
  await expect.poll(() => hub.requests.length).toBe(2);
  const ended = Promise.allSettled([reading, asking]);
  await client.close();
  for (const { status, reason } of (await ended) as PromiseRejectedResult[]) {
    expect([status, reason.code]).toEqual(['rejected', 'CLOSED']);
  }
  await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'CLOSED' });
  await expect.poll(() => hub.sockets.size).toBe(0);
});
