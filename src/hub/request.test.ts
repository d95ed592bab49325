import { describe, expect, test } from 'vitest';
import { scriptedHub } from '../../test/support/loopback-hub.ts';
import type { HubAnswer } from '../contracts/hub.ts';

const text = (answer: HubAnswer): Promise<string> => new Response(answer.body).text();

test('the path is sent as it stands, with the headers that may be passed on', async () => {
  const { server, client } = await scriptedHub((_, response) => void response.writeHead(200, { 'x-a': 'b' }).end('{}'));
  const answer = await client.request(
    '/api/models/o%2Fn?search=a%20b&expand=x&expand=y',
    {
      method: 'GET',
      headers: {
        Accept: 'application/vnd.xet-fileinfo+json, application/json',
        'If-None-Match': '"x"',
        'User-Agent': 'client/1',
        Authorization: 'Bearer smuggled',
        Cookie: 'a=b',
        Host: 'evil.test',
        'Accept-Encoding': 'br',
        Connection: 'close',
        'Transfer-Encoding': 'chunked',
      },
    },
    { token: 'hf_t' },
  );
  expect([answer.status, answer.headers.get('x-a'), await text(answer)]).toEqual([200, 'b', '{}']);
  expect(server.requests[0]).toEqual({
    method: 'GET',
    url: '/api/models/o%2Fn?search=a%20b&expand=x&expand=y',
    body: '',
    headers: {
      host: `127.0.0.1:${server.port}`,
      connection: 'keep-alive',
      'user-agent': 'client/1',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'if-none-match': '"x"',
      authorization: 'Bearer hf_t',
    },
  });
});

test('an Accept that wanted nothing but Xet accepts anything', async () => {
  const { server, client } = await scriptedHub((_, response) => response.end());
  await client.request('/x', { method: 'HEAD', headers: { accept: 'application/vnd.xet-fileinfo+json;q=1' } });
  expect(server.requests[0]?.headers.accept).toBe('*/*');
});

test('a POST carries its body', async () => {
  const { server, client } = await scriptedHub(({ body }, response) => response.end(body));
  const body = new TextEncoder().encode('paths=a&paths=b');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(await text(await client.request('/api/x', { method: 'POST', headers, body }))).toBe('paths=a&paths=b');
  expect(server.requests[0]?.headers['content-length']).toBe('15');
});

test.each([304, 400, 401, 403, 404, 416, 451])('%i is an answer', async (status) => {
  const { client } = await scriptedHub((_, response) => void response.writeHead(status, { 'x-error-code': 'X' }).end());
  const answer = await client.request('/x', { method: 'GET' });
  expect([answer.status, answer.headers.get('x-error-code'), await text(answer)]).toEqual([status, 'X', '']);
});

test.each([
  [500, 'UPSTREAM_UNAVAILABLE'],
  [503, 'UPSTREAM_UNAVAILABLE'],
  [504, 'UPSTREAM_TIMEOUT'],
  [429, 'RATE_LIMITED'],
])('%i is thrown as %s, after further tries', async (status, code) => {
  const { server, client } = await scriptedHub((_, response) => {
    response.writeHead(status, status === 429 ? { 'retry-after': '0' } : {}).end('no');
  });
  await expect(client.request('/x', { method: 'GET' })).rejects.toMatchObject({ code });
  expect(server.requests).toHaveLength(4);
});

test('a POST is not tried again', async () => {
  const { server, client } = await scriptedHub((_, response) => void response.writeHead(503).end());
  await expect(client.request('/x', { method: 'POST' })).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(server.requests).toHaveLength(1);
});

test('a failure that passes is not seen', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    if (server.requests.length === 1) response.destroy();
    else if (server.requests.length === 2) response.writeHead(502).end();
    else response.end('ok');
  });
  expect(await text(await client.request('/x', { method: 'GET' }))).toBe('ok');
});

describe('what cannot be asked is not sent', () => {
  test.each([
    ...['', 'api', '//evil.test/x', '/a b', '/a\nb', '/../x', '/a/./b', '/a/%2E%2e/b', '/a\\b', '/ä', '/a#b'],
    `/${'a'.repeat(20_000)}`,
  ])('%s', async (path) => {
    const { server, client } = await scriptedHub((_, response) => response.end());
    await expect(client.request(path, { method: 'GET' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(server.requests).toEqual([]);
  });

  test('other methods, and headers that would break out', async () => {
    const { server, client } = await scriptedHub((_, response) => response.end());
    const bad = expect.objectContaining({ code: 'BAD_REQUEST' });
    await expect(client.request('/x', { method: 'DELETE' })).rejects.toEqual(bad);
    await expect(client.request('/x', { method: 'GET', headers: { 'x-a': 'b\r\nhost: evil' } })).rejects.toEqual(bad);
    await expect(client.request('/x', { method: 'GET', headers: { 'x a': 'b' } })).rejects.toEqual(bad);
    expect(server.requests).toEqual([]);
  });
});

test('a path whose query holds dots and slashes is fine', async () => {
  const { server, client } = await scriptedHub((_, response) => response.end());
  await client.request('/x?path=a/../b//c', { method: 'HEAD' });
  expect(server.requests[0]?.url).toBe('/x?path=a/../b//c');
});

test('cancelling the body closes the connection', async () => {
  const { server, client } = await scriptedHub(
    (_, response) => void response.writeHead(200).write(Buffer.alloc(100_000)),
  );
  const { body } = await client.request('/x', { method: 'GET' });
  await body?.cancel();
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a body that breaks off is an error of its stream', async () => {
  const { client } = await scriptedHub((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('x');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(text(await client.request('/x', { method: 'GET' }))).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
  });
});

test('an abort rejects with its reason, before the answer and in its body', async () => {
  const { client } = await scriptedHub(({ url }, response) => {
    if (url === '/body') response.writeHead(200).write('x');
  });
  for (const path of ['/nothing', '/body']) {
    const stop = new AbortController();
    const reason = new Error('gone');
    const reading = client.request(path, { method: 'GET' }, { signal: stop.signal }).then(text);
    setTimeout(() => stop.abort(reason), 50);
    await expect(reading).rejects.toBe(reason);
  }
});
