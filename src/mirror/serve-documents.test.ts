import { expect, test } from 'vitest';
import { openMirror } from '../../test/support/mirror-fixture.ts';

const repo = {
  name: 'org/model',
  files: { 'config.json': '{}', 'model.bin': new Uint8Array(500_000) },
  card: { license: 'mit', downloads: 5 },
};
const accounts = [
  { token: 'hf_in', user: 'in', grants: ['org/gated', 'org/private'] },
  { token: 'hf_out', user: 'out' },
];
const setUp = (options = {}) => openMirror({ repos: [repo], accounts, ...options });

interface Info {
  readonly id: string;
  readonly sha: string;
  readonly siblings: readonly { readonly rfilename: string; readonly size?: number; readonly lfs?: object }[];
}

const askedFor = (mirror: Awaited<ReturnType<typeof setUp>>, kind: string) =>
  mirror.hub.requests.filter((request) => request.kind === kind).length;

test('the description of a repo is compact, whole and of the commit that files are served from', async () => {
  await using mirror = await setUp();
  for (const path of [
    '/api/models/org/model',
    '/api/models/org/model/revision/main',
    '/api/models/org/model/revision/HEAD',
  ]) {
    const answer = await mirror.ask(path);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.text).toContain('"rfilename":"config.json"');
    expect((answer.json as Info).sha).toBe(mirror.hub.commit('org/model'));
  }
});

test('sizes and hashes come when they are asked for, however the boolean is spelled', async () => {
  await using mirror = await setUp();
  for (const query of ['blobs=true', 'blobs=True&securityStatus=True', 'blobs=1']) {
    const { siblings } = (await mirror.ask(`/api/models/org/model?${query}`)).json as Info;
    expect(siblings.find(({ rfilename }) => rfilename === 'model.bin')).toMatchObject({
      size: 500_000,
      lfs: { sha256: mirror.hub.file('org/model', 'model.bin').sha256 },
    });
  }
});

test('nobody is told about Xet, also not when he asks for it', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/api/models/org/model?expand=xetEnabled&expand=sha&expand=siblings');
  expect(answer.status).toBe(200);
  expect(answer.text).not.toMatch(/xet/i);
});

test('many who ask at once cost the Hub one question, and so do those of the next minute', async () => {
  await using mirror = await setUp();
  await mirror.ask('/org/model/resolve/main/config.json', { method: 'HEAD' });
  mirror.hub.resetCounters();
  await Promise.all(Array.from({ length: 30 }, () => mirror.ask('/api/models/org/model?blobs=true')));
  mirror.parts.clock.advance(30);
  await mirror.ask('/api/models/org/model?blobs=True');
  expect(askedFor(mirror, 'info')).toBe(1);
});

test('a branch that moves is described anew within two minutes, a commit never', async () => {
  await using mirror = await setUp();
  const before = mirror.hub.commit('org/model');
  const sha = async (path: string) => ((await mirror.ask(path)).json as Info).sha;
  expect(await sha('/api/models/org/model/revision/main')).toBe(before);
  const after = mirror.hub.push('org/model', { files: { 'new.txt': 'new' } });
  mirror.parts.clock.advance(120);
  expect(await sha('/api/models/org/model/revision/main')).toBe(after);
  expect(await sha(`/api/models/org/model/revision/${before}`)).toBe(before);
});

test('answers that are the same for all are repeated without a look, under their URL', async () => {
  await using mirror = await setUp();
  const path = '/api/models/org/model';
  const answer = await mirror.ask(path);
  const entry = mirror.hot.find(path, undefined);
  if (entry?.kind !== 'document') throw new Error('not remembered');
  expect(Buffer.from(entry.body, 'latin1').toString()).toBe(answer.text);
  // Header by header what the long way answers the second time.
  const second = await mirror.ask(path);
  const names = [...entry.headers].map(([name, value]) => [name.toLowerCase(), value]);
  const frame = new Set(['access-control-allow-origin', 'access-control-expose-headers', 'x-request-id']);
  expect(names.sort()).toEqual([...second.headers].filter(([name]) => !frame.has(name)).sort());
});

test('while the Hub is down the last answer is served, for a day', async () => {
  await using mirror = await setUp();
  await mirror.ask('/api/models/org/model');
  mirror.hub.setFault('*', { status: 503 });
  mirror.parts.clock.advance(3600);
  const stale = await mirror.ask('/api/models/org/model');
  expect(stale.status).toBe(200);
  expect(stale.headers.get('warning')).toContain('110');
  expect(stale.headers.get('cache-status')).toContain('stale');
  expect(stale.headers.get('x-hf-warning')).toBeTruthy();
  mirror.parts.clock.advance(25 * 3600);
  expect((await mirror.ask('/api/models/org/model')).status).toBe(503);
});

test('a repo whose listing is known can be downloaded offline, though nobody asked for its description', async () => {
  await using mirror = await setUp();
  await mirror.ask('/api/models/org/model/tree/main');
  mirror.reopen({ offline: true }, { offline: true });
  mirror.hub.resetCounters();
  mirror.parts.clock.advance(30 * 24 * 3600);
  const info = (await mirror.ask('/api/models/org/model?blobs=true')).json as Info;
  const { sha256, gitOid } = mirror.hub.file('org/model', 'model.bin');
  expect(info).toMatchObject({
    id: 'org/model',
    modelId: 'org/model',
    sha: mirror.hub.commit('org/model'),
    gated: false,
  });
  expect(info.siblings).toContainEqual({
    rfilename: 'model.bin',
    size: 500_000,
    blobId: gitOid,
    lfs: { sha256, size: 500_000, pointerSize: 131 },
  });
  const refs = (await mirror.ask('/api/models/org/model/refs?include_prs=1')).json;
  const main = { name: 'main', ref: 'refs/heads/main', targetCommit: mirror.hub.commit('org/model') };
  expect(refs).toEqual({ branches: [main], tags: [], converts: [], pullRequests: [] });
  expect((await mirror.ask('/api/whoami-v2', { token: 'hf_in' })).status).toBe(503);
  expect((await mirror.ask('/api/models?search=x')).status).toBe(503);
  expect(mirror.hub.requests).toEqual([]);
});

test('refs are lists, also where there is nothing', async () => {
  await using mirror = await setUp();
  const commit = mirror.hub.commit('org/model');
  expect((await mirror.ask('/api/models/org/model/refs')).json).toEqual({
    branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: commit }],
    tags: [],
    converts: [],
  });
  expect((await mirror.ask('/api/models/org/model/refs?include_prs=1')).json).toMatchObject({ pullRequests: [] });
});

test('commits come with their count and with links to this server', async () => {
  await using mirror = await setUp();
  for (let round = 0; round < 3; round++) mirror.hub.push('org/model', { files: { 'n.txt': `${round}` } });
  const answer = await mirror.ask('/api/models/org/model/commits/main?p=0&limit=2');
  expect((answer.json as { id: string }[])[0]?.id).toBe(mirror.hub.commit('org/model'));
  expect(answer.headers.get('x-total-count')).toBe('4');
  expect(answer.headers.get('link')).toMatch(/^<http:\/\/mirror\.test\/api\/models\/.*rel="next"/);
});

test('what a token adds is fetched with that token each time, and kept for nobody', async () => {
  const secret = { ...repo, name: 'org/private', private: true };
  await using mirror = await setUp({ repos: [repo, secret] });
  const path = '/api/models/org/private';
  const granted = await mirror.ask(path, { token: 'hf_in' });
  expect(granted.status).toBe(200);
  expect(granted.headers.get('cache-control')).toBe('private, no-store');
  expect(granted.headers.get('vary')).toBe('Authorization');
  expect(granted.headers.get('cache-status')).toBe('modelswarm; fwd=bypass');
  expect(mirror.hot.size).toBe(0);
  expect((await mirror.ask(path)).status).toBe(401);
  expect((await mirror.ask(path, { token: 'hf_out' })).status).toBe(404);
  mirror.hub.setFault('*', { status: 503 });
  expect((await mirror.ask(path, { token: 'hf_in' })).status).toBe(503);
});

test('a public repo is asked about without the token of whoever asks', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/api/models/org/model?blobs=true', { token: 'hf_in' });
  expect(answer.status).toBe(200);
  expect(mirror.hub.requests.filter(({ token }) => token !== undefined)).toEqual([]);
});

test('the description of a gated repo is as public as the Hub makes it, and nothing of it is kept', async () => {
  const gated = { ...repo, name: 'org/gated', gated: 'auto' } as const;
  await using mirror = await setUp({ repos: [gated] });
  const answer = await mirror.ask('/api/models/org/gated');
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ id: 'org/gated', gated: 'auto' });
  expect(answer.headers.get('cache-control')).toBe('private, no-store');
  expect(mirror.hot.size).toBe(0);
});

test('auth-check is the Hub’s verdict on this caller, each time', async () => {
  const gated = { ...repo, name: 'org/gated', gated: 'manual' } as const;
  await using mirror = await setUp({ repos: [gated] });
  const check = async (token?: string) =>
    (await mirror.ask('/api/models/org/gated/auth-check', token === undefined ? {} : { token })).status;
  expect(await check('hf_in')).toBe(200);
  expect(await check('hf_out')).toBe(403);
  expect(await check()).toBe(401);
  mirror.hub.accounts.revoke('hf_in');
  expect(await check('hf_in')).toBe(401);
});

test('who a token belongs to is passed on and never kept', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/api/whoami-v2', { token: 'hf_in' });
  expect(answer.json).toMatchObject({ name: 'in' });
  expect(answer.headers.get('cache-control')).toBe('private, no-store');
  expect((await mirror.ask('/api/whoami-v2', { token: 'hf_out' })).json).toMatchObject({ name: 'out' });
  const bad = await mirror.ask('/api/whoami-v2', { token: 'hf_wrong' });
  expect(bad.status).toBe(401);
  expect(bad.headers.has('x-error-code')).toBe(false);
});

test('lists of repos are shared for a minute among those without a token', async () => {
  await using mirror = await setUp();
  const search = (query: string) => mirror.ask(`/api/models?${query}`);
  expect((await search('search=model&limit=5')).json).toMatchObject([{ id: 'org/model' }]);
  mirror.hub.resetCounters();
  await search('limit=5&search=model');
  expect(mirror.hub.requests).toEqual([]);
  await mirror.ask('/api/models?search=model&limit=5', { token: 'hf_in' });
  expect(mirror.hub.requests).toHaveLength(1);
});

test('routes that nobody knows are asked of the Hub, and its 404 is a 404', async () => {
  await using mirror = await setUp();
  for (const path of ['/api/agent-harnesses', '/api/organizations/org/overview', '/api/models/org/model/lfs-files']) {
    const answer = await mirror.ask(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  }
});

test('a request for a Xet token says how to do without', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask(`/api/models/org/model/xet-read-token/${'a'.repeat(40)}`);
  expect(answer.status).toBe(404);
  expect(answer.headers.get('x-error-message')).toContain('HF_HUB_DISABLE_XET=1');
  expect(mirror.hub.requests).toEqual([]);
});

test('the mirror changes nothing at the Hub', async () => {
  await using mirror = await setUp();
  for (const method of ['PUT', 'DELETE', 'PATCH', 'POST']) {
    const answer = await mirror.ask('/api/models/org/model', { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  }
  expect((await mirror.ask('/api/models/org/model/paths-info/main')).headers.get('allow')).toBe('POST, OPTIONS');
  expect((await mirror.ask('/api/repos/create', { method: 'POST' })).status).toBe(405);
  expect(mirror.hub.requests).toEqual([]);
});

test('hostile and oversized URLs end here', async () => {
  await using mirror = await setUp();
  const status = async (path: string) => (await mirror.ask(path)).status;
  expect(await status('/org/model/resolve/main/..%2f..%2fetc%2fpasswd')).toBe(400);
  expect(await status('/api/models/org//model')).toBe(400);
  expect(await status('/org/model/resolve/main/a%00b')).toBe(400);
  expect(await status(`/api/models?search=${'a'.repeat(9000)}`)).toBe(414);
  expect(await status(`/api/models?${Array.from({ length: 65 }, (_, index) => `filter=${index}`).join('&')}`)).toBe(
    400,
  );
  expect(await status('/robots.txt')).toBe(404);
  expect(mirror.hub.requests).toEqual([]);
});

test('repos that the operator forbids are not asked about on any route', async () => {
  await using mirror = await setUp();
  mirror.reopen({}, { policy: { deny: ['org/*'] } });
  for (const path of ['', '/tree/main', '/refs', '/auth-check', '/commits/main', '/lfs-files', '/treesize/main/x']) {
    expect((await mirror.ask(`/api/models/org/model${path}`)).status).toBe(403);
  }
  expect((await mirror.ask('/org/model/resolve/main/config.json')).status).toBe(403);
  expect(mirror.hub.requests).toEqual([]);
});

test('HEAD on an API route is its GET without the body', async () => {
  await using mirror = await setUp();
  const get = await mirror.ask('/api/models/org/model');
  const head = await mirror.ask('/api/models/org/model', { method: 'HEAD' });
  expect([head.status, head.text]).toEqual([200, '']);
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
});

test('a flood of questions from one address ends here; what is known is still answered', async () => {
  await using mirror = await openMirror({ repos: [repo] }, { questions: { perSecond: 0.001, burst: 5 } });
  await mirror.ask('/api/models/org/model');
  mirror.hub.resetCounters();
  const flood = Array.from({ length: 50 }, (_, index) => mirror.ask('/api/whoami-v2', { token: `hf_flood${index}` }));
  const limited = (await Promise.all(flood)).filter(({ status }) => status === 429);
  expect(limited).toHaveLength(46);
  expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(1);
  expect(mirror.hub.requests).toHaveLength(4);
  expect((await mirror.ask('/api/models/org/model')).status).toBe(200);
  // Nor is the client kept from downloading: what the listing tells is told.
  const info = await mirror.ask('/api/models/org/model?blobs=true');
  expect([info.status, info.headers.get('cache-status')]).toEqual([200, 'modelswarm; hit; detail=stale']);
});
