import { describe, expect, test } from 'vitest';
import { scriptedHub, testHubClient } from '../../test/support/loopback-hub.ts';
import { loopbackServer } from '../../test/support/loopback-server.ts';

const headers = { 'x-repo-commit': 'c'.repeat(40), etag: `"${'a'.repeat(40)}"`, 'content-length': 1 };
const repo = { type: 'models', id: 'org/name' } as const;

describe('the token stays with the Hub', () => {
  test.each([301, 302, 303, 307, 308])('when a look-up is answered by a %i to another host', async (status) => {
    const other = await loopbackServer((_, response) => response.writeHead(200, headers).end());
    const { client } = await scriptedHub((_, response) => {
      response.writeHead(status, { ...headers, location: `${other.url}/org/name/resolve/main/x` }).end();
    });
    await client.resolveFile(repo, 'main', 'x', { token: 'hf_secret' }).catch(() => {});
    await client.repoInfo(repo, 'main', { token: 'hf_secret' }).catch(() => {});
    await client.pathsInfo(repo, 'c'.repeat(40), ['x'], { token: 'hf_secret' }).catch(() => {});
    await client.request('/api/whoami-v2', { method: 'GET' }, { token: 'hf_secret' }).catch(() => {});
    expect(other.requests).toEqual([]);
  });

  test('when the redirect only changes the port or the user part of the URL', async () => {
    const other = await loopbackServer((_, response) => response.end());
    const { server, client } = await scriptedHub(({ url }, response) => {
      const location = url === '/a' ? `//127.0.0.1:${other.port}/x` : `http://127.0.0.1@127.0.0.1:${other.port}/x`;
      response.writeHead(307, { location }).end();
    });
    for (const path of ['/a', '/b']) {
      const asked = client.request(path, { method: 'GET' }, { token: 'hf_secret' });
      await expect(asked).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    }
    expect([server.requests.length, other.connections]).toEqual([2, 0]);
  });
});

test('a document that has moved to another host is an error that says where', async () => {
  const { client } = await scriptedHub((_, response) => {
    response.writeHead(301, { location: 'https://elsewhere.test/x?Signature=secret' }).end();
  });
  const error: unknown = await client.repoInfo(repo, undefined).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'UPSTREAM_INVALID', message: expect.stringContaining('elsewhere.test') });
  expect(String(error)).not.toContain('secret');
});

test('a POST is sent again by 307 with its body, and is not turned into a GET', async () => {
  const { server, client } = await scriptedHub(({ url }, response) => {
    if (url.startsWith('/api/models/org/'))
      response.writeHead(307, { location: '/api/models/new/name/paths-info/x' }).end();
    else if (url.startsWith('/api/models/bad/')) response.writeHead(302, { location: '/api/x' }).end();
    else response.end('[]');
  });
  expect(await client.pathsInfo(repo, 'c'.repeat(40), ['x'])).toEqual([]);
  expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
    ['POST', '{"paths":["x"],"expand":false}'],
    ['POST', '{"paths":["x"],"expand":false}'],
  ]);
  const moved = client.pathsInfo({ type: 'models', id: 'bad/name' }, 'c'.repeat(40), ['x']);
  await expect(moved).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test('an endpoint below a path keeps it, and its redirects are understood', async () => {
  const server = await loopbackServer(({ url }, response) => {
    if (url.startsWith('/hub/hf/old')) response.writeHead(307, { location: '/hub/hf/new/name/resolve/main/x' }).end();
    else response.writeHead(200, headers).end();
  });
  const client = testHubClient(`${server.url}/hub/hf/`);
  expect(client.endpoint).toBe(`${server.url}/hub/hf`);
  const file = await client.resolveFile({ type: 'models', id: 'old' }, 'main', 'x');
  expect(file.repo.id).toBe('new/name');
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/hub/hf/old/resolve/main/x',
    '/hub/hf/new/name/resolve/main/x',
  ]);
});
