import { describe, expect, test } from 'vitest';
import { scriptedHub } from '../../test/support/loopback-hub.ts';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import type { RepoRef } from '../contracts/domain.ts';

const COMMIT = 'c'.repeat(40);
const OID = 'a'.repeat(40);
const SHA256 = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03';
const POINTER_OID = 'fa61e1ef71c9908c0926776a4aa3504b3a27f159';
const repo: RepoRef = { type: 'models', id: 'org/name' };
const commit = { 'x-repo-commit': COMMIT };
const CACHE = `/api/resolve-cache/models/org/name/${COMMIT}/config.json?%2Fx=&etag=%22y%22`;

describe('a plain file', () => {
  test('behind the redirect to resolve-cache is described by both answers, and the query is kept', async () => {
    const { server, client } = await scriptedHub(({ url }, response) => {
      if (url.startsWith('/api/'))
        response.writeHead(200, { ...commit, etag: `"${OID}"`, 'content-length': 665 }).end();
      else response.writeHead(307, { ...commit, location: CACHE, 'content-length': 278 }).end();
    });
    expect(await client.resolveFile(repo, 'main', 'config.json')).toEqual({
      repo,
      commit: COMMIT,
      path: 'config.json',
      size: 665,
      gitOid: OID,
    });
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'HEAD /org/name/resolve/main/config.json',
      `HEAD ${CACHE}`,
    ]);
  });

  test('whose redirect says everything costs one request', async () => {
    const { server, client } = await scriptedHub((_, response) => {
      const linked = { 'x-linked-etag': `"${OID}"`, 'x-linked-size': 665 };
      response.writeHead(307, { ...commit, ...linked, location: CACHE }).end();
    });
    const file = await client.resolveFile(repo, 'main', 'config.json');
    expect(file).toEqual({ repo, commit: COMMIT, path: 'config.json', size: 665, gitOid: OID });
    expect(server.requests).toHaveLength(1);
  });

  test('that is answered directly, with a weak ETag, is understood', async () => {
    const { client } = await scriptedHub((_, response) => {
      response.writeHead(200, { ...commit, etag: `W/"${OID}"`, 'content-length': 5 }).end();
    });
    expect(await client.resolveFile(repo, 'main', 'x')).toMatchObject({ size: 5, gitOid: OID });
  });

  test('of zero bytes has size 0', async () => {
    const { client } = await scriptedHub((_, response) => {
      response.writeHead(200, { ...commit, etag: `"${OID}"`, 'content-length': 0 }).end();
    });
    expect((await client.resolveFile(repo, 'main', 'x')).size).toBe(0);
  });
});

describe('an LFS file', () => {
  const linked = { ...commit, 'x-linked-size': 6, 'x-linked-etag': `"${SHA256}"`, 'content-length': 1000 };

  test('is described by the redirect, whose target is not touched', async () => {
    const cdn = await loopbackServer((_, response) => response.end());
    const location = `${cdn.url}/f?Signature=s`;
    const { client } = await scriptedHub((_, response) => {
      const xet = { 'x-xet-hash': 'd'.repeat(64), link: '</t>; rel="xet-auth"' };
      response.writeHead(302, { ...linked, ...xet, location }).end();
    });
    expect(await client.resolveFile(repo, 'main', 'f')).toEqual({
      repo,
      commit: COMMIT,
      path: 'f',
      size: 6,
      sha256: SHA256,
      xetHash: 'd'.repeat(64),
      location,
    });
    expect(cdn.requests).toEqual([]);
  });

  test('with a masked xet hash has none', async () => {
    const { client } = await scriptedHub((_, response) => {
      response.writeHead(302, { ...linked, 'x-xet-hash': '*'.repeat(64), location: 'https://cdn.test/f' }).end();
    });
    expect(await client.resolveFile(repo, 'main', 'f')).not.toHaveProperty('xetHash');
  });

  test.each(['x-linked-size', 'x-linked-etag'])(
    'whose redirect lacks %s is looked up in the listing',
    async (missing) => {
      const { [missing as 'x-linked-size']: _, ...headers } = linked;
      const { server, client } = await scriptedHub(({ method }, response) => {
        if (method === 'HEAD') response.writeHead(302, { ...headers, location: 'https://cdn.test/f?s' }).end();
        else {
          const lfs = { oid: SHA256, size: 6, pointerSize: 126 };
          response.end(JSON.stringify([{ type: 'file', path: 'f', oid: POINTER_OID, size: 6, lfs }]));
        }
      });
      const file = await client.resolveFile(repo, 'main', 'f');
      expect(file).toEqual({
        repo,
        commit: COMMIT,
        path: 'f',
        size: 6,
        sha256: SHA256,
        location: 'https://cdn.test/f?s',
      });
      expect(server.requests[1]).toMatchObject({
        method: 'POST',
        url: `/api/models/org/name/paths-info/${COMMIT}`,
        body: '{"paths":["f"],"expand":false}',
      });
    },
  );
});

describe('renamed repos', () => {
  test('are followed, and their new name is learned', async () => {
    const { client } = await scriptedHub(({ url }, response) => {
      if (url.startsWith('/old')) response.writeHead(307, { location: '/new/name/resolve/main/x' }).end();
      else response.writeHead(200, { ...commit, etag: `"${OID}"`, 'content-length': 5 }).end();
    });
    const file = await client.resolveFile({ type: 'models', id: 'old' }, 'main', 'x');
    expect(file.repo).toEqual({ type: 'models', id: 'new/name' });
  });

  test('are learned from resolve-cache too', async () => {
    const { client } = await scriptedHub((_, response) => {
      const linked = { 'x-linked-etag': `"${OID}"`, 'x-linked-size': 1 };
      const location = `/api/resolve-cache/models/openai/gpt2/${COMMIT}/x`;
      response.writeHead(307, { ...commit, ...linked, location }).end();
    });
    const file = await client.resolveFile({ type: 'models', id: 'gpt2' }, 'main', 'x');
    expect(file.repo).toEqual({ type: 'models', id: 'openai/gpt2' });
  });

  test('that redirect in circles are given up', async () => {
    const { server, client } = await scriptedHub((_, response) => {
      response.writeHead(307, { location: '/org/name/resolve/main/x' }).end();
    });
    await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(server.requests).toHaveLength(6);
  });
});

describe('answers that cannot be right', () => {
  test.each([
    ['no commit', 200, { etag: `"${OID}"`, 'content-length': '5' }],
    ['a commit that is a branch', 200, { 'x-repo-commit': 'main', etag: `"${OID}"`, 'content-length': '5' }],
    ['a redirect without a target', 302, commit],
    ['a redirect to another scheme', 302, { ...commit, location: 'file:///etc/passwd' }],
    ['no content', 204, { ...commit, etag: `"${OID}"` }],
  ])('%s', async (_, status, headers) => {
    const { client } = await scriptedHub((_request, response) => void response.writeHead(status, headers).end());
    await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('two commits', async () => {
    const { client } = await scriptedHub(({ url }, response) => {
      const headers = { 'x-repo-commit': 'd'.repeat(40), etag: `"${OID}"`, 'content-length': 5 };
      if (url.startsWith('/api/')) response.writeHead(200, headers).end();
      else response.writeHead(307, { ...commit, location: CACHE }).end();
    });
    await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('a file that the listing does not know', async () => {
    const { client } = await scriptedHub(({ method }, response) => {
      if (method === 'HEAD') response.writeHead(200, commit).end();
      else response.end('[]');
    });
    await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('a listing whose SHA-256 is not the one of the git object', async () => {
    const { client } = await scriptedHub(({ method }, response) => {
      if (method === 'HEAD') response.writeHead(200, commit).end();
      else
        response.end(JSON.stringify([{ type: 'file', path: 'x', oid: OID, size: 6, lfs: { oid: SHA256, size: 6 } }]));
    });
    await expect(client.resolveFile(repo, 'main', 'x')).rejects.toMatchObject({
      code: 'INTEGRITY',
      message: expect.stringMatching(/org\/name.* x:/),
    });
  });
});

test('the request is plain: no encoding, no Xet, our name, the token', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    response.writeHead(200, { ...commit, etag: `"${OID}"`, 'content-length': 1 }).end();
  });
  await client.resolveFile({ type: 'datasets', id: 'o/n' }, 'refs/pr/1', 'a b/я#?%.bin', { token: 'hf_secret' });
  expect(server.requests[0]).toMatchObject({
    method: 'HEAD',
    url: '/datasets/o/n/resolve/refs%2Fpr%2F1/a%20b/%D1%8F%23%3F%25.bin',
    headers: {
      'accept-encoding': 'identity',
      'user-agent': expect.stringMatching(/^modelswarm\/\d/),
      authorization: 'Bearer hf_secret',
    },
  });
  expect(server.requests[0]?.headers).not.toHaveProperty('accept');
});

test.each(['', 'a b', 'x\r\nhost: evil', 'ä', 'x'.repeat(5000)])(
  'the malformed token %j is not sent',
  async (token) => {
    const { server, client } = await scriptedHub((_, response) => response.end());
    await expect(client.resolveFile(repo, 'main', 'x', { token })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(server.requests).toEqual([]);
  },
);
