import { describe, expect, test } from 'vitest';
import { scriptedHub } from '../../test/support/loopback-hub.ts';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import type { RepoRef } from '../contracts/domain.ts';

const COMMIT = 'c'.repeat(40);
const OID = 'a'.repeat(40);
const SHA256 = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03';
const POINTER_OID = 'fa61e1ef71c9908c0926776a4aa3504b3a27f159';
const repo: RepoRef = { type: 'models', id: 'org/name' };
const file = (path: string) => ({ type: 'file', path, oid: OID, size: 1 });
const PATHNAME = `/api/models/org/name/tree/${COMMIT}`;
const invalid = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

test('all pages are joined, in order, with the token on each', async () => {
  const { server, client } = await scriptedHub(({ url }, response) => {
    const page = Number(new URL(url, 'http://x').searchParams.get('cursor') ?? 0);
    if (page < 2)
      response.setHeader('link', `<${server.url}${PATHNAME}?recursive=true&cursor=${page + 1}>; rel="next"`);
    response.end(JSON.stringify([file(`${page}.txt`), { type: 'directory', path: `d${page}`, oid: OID, size: 0 }]));
  });
  expect(await client.tree(repo, COMMIT, { token: 'hf_t' })).toEqual({
    repo,
    commit: COMMIT,
    entries: ['0.txt', '1.txt', '2.txt'].map((path) => ({ path, size: 1, gitOid: OID })),
    directories: ['d0', 'd1', 'd2'].map((path) => ({ path, gitOid: OID })),
  });
  expect(server.requests.map(({ url }) => url)).toEqual([
    `${PATHNAME}?recursive=true&expand=false`,
    `${PATHNAME}?recursive=true&cursor=1`,
    `${PATHNAME}?recursive=true&cursor=2`,
  ]);
  expect(server.requests.every(({ headers }) => headers.authorization === 'Bearer hf_t')).toBe(true);
});

describe('a next page anywhere else is not asked for', () => {
  test('on another host', async () => {
    const evil = await loopbackServer((_, response) => response.end('[]'));
    const { client } = await scriptedHub((_, response) => {
      response.setHeader('link', `<${evil.url}${PATHNAME}?cursor=1>; rel="next"`).end(JSON.stringify([file('x')]));
    });
    await expect(client.tree(repo, COMMIT, { token: 'hf_t' })).rejects.toEqual(invalid);
    expect(evil.requests).toEqual([]);
  });

  test.each(['/api/whoami-v2', `${PATHNAME}/../../secret/tree/main`, `/api/models/org/name/tree/%zz`, '//[/'])(
    'at %s',
    async (target) => {
      const { server, client } = await scriptedHub((_, response) => {
        response.setHeader('link', `<${target}?cursor=1>; rel="next"`).end(JSON.stringify([file('x')]));
      });
      await expect(client.tree(repo, COMMIT)).rejects.toEqual(invalid);
      expect(server.requests).toHaveLength(1);
    },
  );
});

test('a relative link, and one that is escaped in another way, are followed', async () => {
  const { client } = await scriptedHub(({ url }, response) => {
    const escaped = PATHNAME.replace('/tree/', '/%74ree/');
    if (!url.includes('cursor')) response.setHeader('link', `<${escaped}?cursor=1>; rel="next"`);
    response.end(JSON.stringify([file(url.includes('cursor') ? 'b' : 'a')]));
  });
  expect((await client.tree(repo, COMMIT)).entries.map(({ path }) => path)).toEqual(['a', 'b']);
});

test('a page that breaks off is asked for again', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    const body = JSON.stringify([file('x')]);
    if (server.requests.length > 1) return void response.end(body);
    response.writeHead(200, { 'content-length': body.length }).write(body.slice(0, 5));
    setTimeout(() => response.destroy(), 20);
  });
  expect((await client.tree(repo, COMMIT)).entries).toHaveLength(1);
});

test('a listing that repeats itself ends with the first repetition', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    response.setHeader('link', `<${PATHNAME}?cursor=same>; rel="next"`).end(JSON.stringify([file('x')]));
  });
  await expect(client.tree(repo, COMMIT)).rejects.toEqual(invalid);
  expect(server.requests).toHaveLength(2);
});

test.each([
  ['a file twice', [file('x'), file('x')]],
  ['a file and a directory of one name', [file('x'), { type: 'directory', path: 'x', oid: OID }]],
  ['a file below a file', [file('x'), file('x/y')]],
  ['a path that climbs', [file('../x')]],
])('%s is refused', async (_, items) => {
  const { client } = await scriptedHub((_request, response) => response.end(JSON.stringify(items)));
  await expect(client.tree(repo, COMMIT)).rejects.toEqual(invalid);
});

test.each(['{"error":"x"}', '<html>', ''])('the body %j is refused', async (body) => {
  const { client } = await scriptedHub((_, response) => response.end(body));
  await expect(client.tree(repo, COMMIT)).rejects.toEqual(invalid);
});

test('a page beyond 64 MiB is cut off', async () => {
  const { server, client } = await scriptedHub((_, response) => {
    const block = Buffer.alloc(1024 * 1024, ' ');
    const more = (): void => {
      while (response.write(block));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  await expect(client.tree(repo, COMMIT)).rejects.toEqual(invalid);
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a SHA-256 is accepted only with the git oid of its pointer', async () => {
  let oid = POINTER_OID;
  const { client } = await scriptedHub((_, response) => {
    const lfs = { oid: SHA256, size: 6, pointerSize: 126 };
    response.end(JSON.stringify([{ type: 'file', path: 'model.bin', oid, size: 6, lfs, xetHash: '*'.repeat(64) }]));
  });
  const { entries } = await client.tree(repo, COMMIT);
  expect(entries).toEqual([{ path: 'model.bin', size: 6, gitOid: POINTER_OID, sha256: SHA256 }]);
  oid = OID;
  await expect(client.tree(repo, COMMIT)).rejects.toMatchObject({
    code: 'INTEGRITY',
    message: expect.stringMatching(/org\/name.*model\.bin/),
  });
});

test('a renamed repo is listed under its new name, further pages too', async () => {
  const moved = `/api/models/new/name/tree/${COMMIT}`;
  const { client } = await scriptedHub(({ url }, response) => {
    if (url.startsWith(PATHNAME)) response.writeHead(307, { location: moved + url.slice(PATHNAME.length) }).end();
    else {
      if (!url.includes('cursor')) response.setHeader('link', `<${moved}?cursor=1>; rel="next"`);
      response.end(JSON.stringify([file(url.includes('cursor') ? 'b' : 'a')]));
    }
  });
  const tree = await client.tree(repo, COMMIT);
  expect([tree.repo.id, tree.entries.length]).toEqual(['new/name', 2]);
});

test('a redirect of the listing to another host is not followed', async () => {
  const other = await loopbackServer((_, response) => response.end('[]'));
  const { client } = await scriptedHub(
    (_, response) => void response.writeHead(307, { location: `${other.url}/x` }).end(),
  );
  await expect(client.tree(repo, COMMIT, { token: 'hf_t' })).rejects.toEqual(invalid);
  expect(other.requests).toEqual([]);
});
