import { expect, test } from 'vitest';
import { openMirror } from '../../test/support/mirror-fixture.ts';

const files = {
  'config.json': '{}',
  'model.bin': new Uint8Array(500_000),
  'onnx/a.txt': 'a',
  'onnx/deep/b.txt': 'b',
};
const many = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`data/${index}.txt`, String(index)]));
const repos = [
  { name: 'org/model', files, aliases: ['gpt'] },
  { name: 'datasets/org/many', files: many },
];

interface Item {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: object;
  readonly lastCommit?: object;
}

const paths = (json: unknown): string[] => (json as Item[]).map(({ path }) => path);

test('a tree comes whole in one page, without Xet, in the words of the Hub', async () => {
  await using mirror = await openMirror({ repos });
  const answer = await mirror.ask('/api/models/org/model/tree/main?recursive=true&expand=false');
  expect(answer.headers.get('x-repo-commit')).toBe(mirror.hub.commit('org/model'));
  expect(answer.headers.get('cache-status')).toBe('modelswarm; hit');
  expect(answer.text).not.toMatch(/xet|": /i);
  const items = answer.json as Item[];
  expect(items.map(({ type, path }) => `${type} ${path}`)).toEqual([
    'directory onnx',
    'directory onnx/deep',
    'file config.json',
    'file model.bin',
    'file onnx/a.txt',
    'file onnx/deep/b.txt',
  ]);
  const { sha256, gitOid } = mirror.hub.file('org/model', 'model.bin');
  expect(items[3]).toEqual({
    type: 'file',
    oid: gitOid,
    size: 500_000,
    path: 'model.bin',
    lfs: { oid: sha256, size: 500_000, pointerSize: 131 },
  });
  // Every item, by the Hub's own listing.
  const direct = await fetch(`${mirror.hub.url}/api/models/org/model/tree/main?recursive=true`);
  const byPath = (list: Item[]) => new Map(list.map((item) => [item.path, { ...item, xetHash: undefined }]));
  expect(byPath(items)).toEqual(byPath((await direct.json()) as Item[]));
});

test('2,500 files are one page, and a cursor of anybody’s making is an empty one', async () => {
  await using mirror = await openMirror({ repos });
  const answer = await mirror.ask('/api/datasets/org/many/tree/main?recursive=True&limit=1000');
  expect((answer.json as Item[]).length).toBe(2501);
  expect(answer.headers.has('link')).toBe(false);
  expect((await mirror.ask('/api/datasets/org/many/tree/main?recursive=true&cursor=eyJ4In0%3D')).text).toBe('[]');
});

test('a directory lists its own children, or everything below', async () => {
  await using mirror = await openMirror({ repos });
  const list = async (path: string) => paths((await mirror.ask(`/api/models/org/model/tree/main${path}`)).json);
  expect(await list('')).toEqual(['onnx', 'config.json', 'model.bin']);
  expect(await list('/onnx')).toEqual(['onnx/deep', 'onnx/a.txt']);
  expect(await list('/onnx%2Fdeep')).toEqual(['onnx/deep/b.txt']);
  expect(await list('/onnx?recursive=1')).toEqual(['onnx/deep', 'onnx/a.txt', 'onnx/deep/b.txt']);
});

test.each(['nowhere', 'config.json', 'onn'])('%s is not a directory: 404', async (path) => {
  await using mirror = await openMirror({ repos });
  const answer = await mirror.ask(`/api/models/org/model/tree/main/${path}`);
  expect([answer.status, answer.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
});

test('an expanded tree is the Hub’s own, page by page through this server', async () => {
  await using mirror = await openMirror({ repos });
  mirror.hub.setFault({ kind: 'tree' }, { pageSize: 1000 });
  const first = await mirror.ask('/api/datasets/org/many/tree/main?recursive=true&expand=True');
  expect((first.json as Item[])[0]?.lastCommit).toBeDefined();
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  expect(next).toMatch(/^http:\/\/mirror\.test\/api\/datasets\/org\/many\/tree\//);
  const seen = paths(first.json);
  for (let url: string | undefined = next; url; ) {
    const { pathname, search } = new URL(url);
    const page = await mirror.ask(pathname + search);
    seen.push(...paths(page.json));
    url = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(new Set(seen).size).toBe(2501);
});

test('links point to the public address of the server when there is one', async () => {
  await using mirror = await openMirror({ repos }, { publicUrl: () => 'https://models.example.org/hf' });
  const answer = await mirror.ask('/api/datasets/org/many/tree/main?recursive=true&expand=true');
  expect(answer.headers.get('link')).toMatch(/^<https:\/\/models\.example\.org\/hf\/api\/datasets\//);
});

test('an old name is answered under the new one without a redirect', async () => {
  await using mirror = await openMirror({ repos });
  const answer = await mirror.ask('/api/models/gpt/tree/main');
  expect(answer.status).toBe(200);
  expect(paths(answer.json)).toContain('config.json');
});

test('the tree of a gated repo shows to everybody what the Hub shows', async () => {
  const gated = { name: 'org/gated', gated: 'manual', files } as const;
  await using mirror = await openMirror({ repos: [gated] });
  const answer = await mirror.ask('/api/models/org/gated/tree/main?recursive=true');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('private, no-store');
  expect(answer.text).not.toMatch(/xet|\*\*\*/i);
  expect(mirror.hot.size).toBe(0);
});

async function askPaths(mirror: Awaited<ReturnType<typeof openMirror>>, body: string | object, revision = 'main') {
  const isForm = typeof body === 'string';
  return mirror.ask(`/api/models/org/model/paths-info/${revision}`, {
    method: 'POST',
    body: isForm ? body : JSON.stringify(body),
    headers: { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' },
  });
}

test('paths-info takes a form from python and JSON from JavaScript, and leaves unknown paths out', async () => {
  await using mirror = await openMirror({ repos });
  const form = await askPaths(mirror, 'paths=onnx%2Fa.txt&paths=onnx&paths=nothing&expand=False');
  const json = await askPaths(mirror, { paths: ['onnx/a.txt', 'onnx', 'nothing', '../x'], expand: false });
  expect(form.status).toBe(200);
  expect(paths(form.json)).toEqual(['onnx', 'onnx/a.txt']);
  expect(json.json).toEqual(form.json);
  expect(mirror.hub.requests.some(({ kind }) => kind === 'paths-info')).toBe(false);
});

test('expanded paths are asked of the Hub once, without Xet', async () => {
  await using mirror = await openMirror({ repos });
  const ask = () => askPaths(mirror, { paths: ['model.bin'], expand: true });
  const [item] = (await ask()).json as Item[];
  expect(item).toMatchObject({ path: 'model.bin', lastCommit: { id: mirror.hub.commit('org/model') } });
  expect((await ask()).text).not.toMatch(/xet/i);
  expect((await askPaths(mirror, { paths: ['config.json'], expand: true })).text).toContain('config.json');
  expect(mirror.hub.requests.filter(({ kind }) => kind === 'paths-info')).toHaveLength(2);
});

test('expanded paths come from the listing while the Hub is down', async () => {
  await using mirror = await openMirror({ repos });
  await mirror.ask('/api/models/org/model/tree/main');
  mirror.hub.setFault('*', { status: 503 });
  const answer = await askPaths(mirror, { paths: ['model.bin'], expand: true });
  expect(paths(answer.json)).toEqual(['model.bin']);
  expect(answer.headers.get('warning')).toContain('110');
});

test('bodies are bounded and must make sense', async () => {
  await using mirror = await openMirror({ repos });
  const status = async (body: string | object) => (await askPaths(mirror, body)).status;
  expect(await status({ paths: Array.from({ length: 2001 }, (_, index) => `${index}`) })).toBe(413);
  expect(await status(`paths=${'a'.repeat(1024 * 1024)}`)).toBe(413);
  expect(await status({ paths: 5 })).toBe(400);
  expect(await status({})).toBe(400);
  expect(await status({ paths: ['model.bin'], expand: 'no' })).toBe(200);
  const broken = await mirror.ask('/api/models/org/model/paths-info/main', {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  expect(broken.status).toBe(400);
});
