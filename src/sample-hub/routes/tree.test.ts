import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

interface Node {
  readonly type: 'file' | 'directory';
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
  readonly xetHash?: string;
  readonly lastCommit?: { readonly id: string; readonly title: string; readonly date: string };
  readonly securityFileStatus?: { readonly status: string };
}

const repos = [
  { name: 'org/name', files: { 'a.txt': 'a', 'm.bin': new Uint8Array(1234), 'd/e/f.txt': 'f', 'd/g.txt': 'g' } },
];
const manyFiles = Object.fromEntries(Array.from({ length: 2345 }, (_, index) => [`f${index}`, `${index}`]));

test('a recursive listing has every directory and file, LFS files with the names of their bytes', async () => {
  const hub = await sampleHub({ repos });
  const answer = await ask(`${hub.url}/api/models/org/name/tree/main?recursive=True`);
  const nodes = answer.json<Node[]>();
  expect(nodes.map((node) => node.path)).toEqual(['a.txt', 'd', 'd/e', 'd/e/f.txt', 'd/g.txt', 'm.bin']);
  expect(nodes.find((node) => node.path === 'd')).toEqual({
    type: 'directory',
    oid: expect.stringMatching(/^[0-9a-f]{40}$/),
    size: 0,
    path: 'd',
  });
  const model = hub.file('org/name', 'm.bin');
  expect(nodes.at(-1)).toEqual({
    type: 'file',
    oid: model.gitOid,
    size: 1234,
    path: 'm.bin',
    lfs: { oid: model.sha256, size: 1234, pointerSize: 129 },
    xetHash: model.xetHash,
  });
  hub.setFault({ repo: 'org/name' }, { xet: false });
  expect((await ask(`${hub.url}/api/models/org/name/tree/main?recursive=true`)).text).not.toContain('xetHash');
});

test('a directory is listed by itself, its slashes encoded or not; a file is no directory', async () => {
  const hub = await sampleHub({ repos });
  const paths = async (url: string) => (await ask(hub.url + url)).json<Node[]>().map((node) => node.path);
  expect(await paths('/api/models/org/name/tree/main')).toEqual(['a.txt', 'd', 'm.bin']);
  expect(await paths('/api/models/org/name/tree/main/d')).toEqual(['d/e', 'd/g.txt']);
  expect(await paths('/api/models/org/name/tree/main/d%2Fe')).toEqual(['d/e/f.txt']);
  for (const path of ['a.txt', 'none', 'd/e/f.txt']) {
    const answer = await ask(`${hub.url}/api/models/org/name/tree/main/${path}`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-error-code')).toBe('EntryNotFound');
  }
});

test('pages have 1,000 entries, 100 expanded ones, and an absolute link to the next', async () => {
  const hub = await sampleHub({ repos: [{ name: 'org/many', files: manyFiles }] });
  for (const [query, size] of [['recursive=true&expand=false', 1000] as const, ['expand=true', 100] as const]) {
    const found: string[] = [];
    const lengths: number[] = [];
    let url: string | undefined = `${hub.url}/api/models/org/many/tree/main?${query}`;
    while (url !== undefined) {
      const answer = await ask(url);
      const page = answer.json<Node[]>();
      found.push(...page.map((node) => node.path));
      lengths.push(page.length);
      url = /^<(https?:\/\/[^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(new Set(found).size).toBe(2345);
    expect(lengths.slice(0, -1).every((length) => length === size)).toBe(true);
  }
});

test('a cursor that a client made up works like the own ones; a senseless one ends the listing', async () => {
  const hub = await sampleHub({ repos });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const cursor = base64(`${base64(JSON.stringify({ file_name: 'a.txt' }))}:50`);
  const list = async (text: string) =>
    (await ask(`${hub.url}/api/models/org/name/tree/main?cursor=${encodeURIComponent(text)}`)).json<Node[]>();
  expect((await list(cursor)).map((node) => node.path)).toEqual(['d', 'm.bin']);
  expect(await list(base64(`${base64(JSON.stringify({ file_name: 'm.bin' }))}:50`))).toEqual([]);
  expect(await list('nonsense')).toEqual([]);
});

test('no query breaks a listing', async () => {
  const hub = await sampleHub({ repos });
  const base64 = fc.string({ maxLength: 30 }).map((text) => Buffer.from(text).toString('base64'));
  const value = fc.oneof(fc.string({ maxLength: 20 }), fc.integer().map(String), base64);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('cursor', 'limit', 'recursive', 'expand'), value, async (name, text) => {
      const query = new URLSearchParams({ [name]: text });
      expect((await ask(`${hub.url}/api/models/org/name/tree/main?${query}`)).status).toBe(200);
    }),
    { numRuns: 200 },
  );
});

test('expanded entries know the commit that changed them last', async () => {
  const hub = await sampleHub({ repos });
  const first = hub.commit('org/name');
  const second = hub.push('org/name', { files: { 'd/g.txt': 'new' }, message: 'change g' });
  const nodes = (await ask(`${hub.url}/api/models/org/name/tree/main?recursive=true&expand=true`)).json<Node[]>();
  const commits = Object.fromEntries(nodes.map((node) => [node.path, node.lastCommit?.id]));
  expect(commits).toEqual({
    'a.txt': first,
    'm.bin': first,
    'd/e': first,
    'd/e/f.txt': first,
    d: second,
    'd/g.txt': second,
  });
  expect(nodes.find((node) => node.path === 'd/g.txt')).toMatchObject({
    lastCommit: { title: 'change g', date: '2024-01-01T00:01:00.000Z' },
    securityFileStatus: { status: 'safe' },
  });
});

test('a lying listing lies about the entry that was named, everywhere it is listed', async () => {
  const hub = await sampleHub({ repos });
  const lie = { listedOid: '1'.repeat(40), listedSize: 9, listedSha256: '2'.repeat(64) };
  hub.setFault({ repo: 'org/name', path: 'm.bin' }, lie);
  const nodes = (await ask(`${hub.url}/api/models/org/name/tree/main`)).json<Node[]>();
  expect(nodes.find((node) => node.path === 'm.bin')).toMatchObject({
    oid: lie.listedOid,
    size: 9,
    lfs: { oid: lie.listedSha256, size: 9 },
  });
  expect(nodes.find((node) => node.path === 'a.txt')).toMatchObject({
    oid: hub.file('org/name', 'a.txt').gitOid,
    size: 1,
  });
  const info = (await ask(`${hub.url}/api/models/org/name?blobs=true`)).json<{ siblings: object[] }>();
  expect(info.siblings).toContainEqual({
    rfilename: 'm.bin',
    size: 9,
    blobId: lie.listedOid,
    lfs: { sha256: lie.listedSha256, size: 9, pointerSize: 129 },
  });
});

test('a subtree has a size', async () => {
  const hub = await sampleHub({ repos });
  expect((await ask(`${hub.url}/api/models/org/name/treesize/main/d`)).json()).toEqual({ path: '/d', size: 2 });
});
