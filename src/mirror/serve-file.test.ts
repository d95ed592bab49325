import { expect, test } from 'vitest';
import { openMirror } from '../../test/support/mirror-fixture.ts';
import { patternContent } from '../sample-hub/index.ts';

const weights = new Uint8Array(100_000).map((_, index) => index % 251);
const repo = {
  name: 'org/model',
  aliases: ['old-model'],
  files: { 'config.json': '{"a":1}', 'model.bin': weights, 'empty.txt': '', 'sub dir/ü #%.txt': 'odd' },
};

const setUp = (options = {}) => openMirror({ repos: [repo], ...options });

test('an LFS file comes whole, with the headers that clients need and none that lead around the mirror', async () => {
  await using mirror = await setUp();
  const { hub } = mirror;
  const response = await mirror.send('/org/model/resolve/main/model.bin');
  expect(response.status).toBe(200);
  expect(await response.bytes()).toEqual(weights);
  const { sha256 } = hub.file('org/model', 'model.bin');
  expect(Object.fromEntries(response.headers)).toMatchObject({
    etag: `"${sha256}"`,
    'x-linked-etag': `"${sha256}"`,
    'x-linked-size': '100000',
    'content-length': '100000',
    'x-repo-commit': hub.commit('org/model'),
    'accept-ranges': 'bytes',
    'content-disposition': `inline; filename*=UTF-8''model.bin; filename="model.bin";`,
    'content-type': 'application/octet-stream',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': '*',
    'cache-status': 'modelswarm; fwd=miss; stored',
    'x-modelswarm-verified': 'provisional',
    'cache-control': 'no-store, no-transform',
  });
  expect(response.headers.get('x-request-id')).toMatch(/./);
  for (const name of ['x-xet-hash', 'link', 'location']) expect(response.headers.has(name)).toBe(false);
});

test('a plain file is named by its git oid, and is text that no browser runs', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/org/model/resolve/main/config.json?download=true&unknown=1');
  expect(answer.text).toBe('{"a":1}');
  expect(answer.headers.get('etag')).toBe(`"${mirror.hub.file('org/model', 'config.json').gitOid}"`);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/);
});

test('HEAD has the headers of GET and touches no bytes', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/org/model/resolve/main/model.bin', { method: 'HEAD' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-length')).toBe('100000');
  expect(answer.headers.get('x-repo-commit')).toBe(mirror.hub.commit('org/model'));
  expect(mirror.files.intents).toEqual([]);
  expect(mirror.hub.bytesSent()).toBe(0);
});

test.each([
  [undefined, 'whole', 0, 100_000],
  ['bytes=0-', 'whole', 0, 100_000],
  ['bytes=0-99999', 'whole', 0, 100_000],
  ['bytes=-200000', 'whole', 0, 100_000],
  ['bytes=0-0', 'range', 0, 1],
  ['bytes=50-', 'range', 50, 100_000],
])('a request with range %s asks for the %s extent', async (range, extent, start, end) => {
  await using mirror = await setUp();
  const headers: HeadersInit = range === undefined ? {} : { range };
  const response = await mirror.send('/org/model/resolve/main/model.bin', { headers });
  expect(response.status).toBe(range === undefined ? 200 : 206);
  expect(await response.bytes()).toEqual(weights.subarray(start, end));
  expect(mirror.files.intents).toEqual([{ extent, start, end }]);
  expect(mirror.files.opened).toBe(0);
});

test('conditions are answered without bytes', async () => {
  await using mirror = await setUp();
  const etag = `"${mirror.hub.file('org/model', 'model.bin').sha256}"`;
  const path = '/org/model/resolve/main/model.bin';
  const held = await mirror.ask(path, { headers: { 'if-none-match': etag } });
  expect(held.status).toBe(304);
  expect(held.headers.get('x-repo-commit')).toBe(mirror.hub.commit('org/model'));
  expect((await mirror.ask(path, { headers: { range: 'bytes=100000-' } })).status).toBe(416);
  expect(mirror.files.intents).toEqual([]);
});

test('an empty file answers the probe of its first byte', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask('/org/model/resolve/main/empty.txt', { headers: { range: 'bytes=0-0' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-length')).toBe('0');
  expect(answer.headers.get('content-range')).toBe('bytes */0');
});

test('a range of a suspect file is answered from its first byte', async () => {
  await using mirror = await setUp();
  mirror.files.suspect.add('model.bin');
  const answer = await mirror.send('/org/model/resolve/main/model.bin', { headers: { range: 'bytes=500-' } });
  expect(answer.status).toBe(200);
  expect((await answer.bytes()).length).toBe(100_000);
  mirror.files.held.add('model.bin');
  await mirror.ask('/org/model/resolve/main/model.bin');
  expect(mirror.hot.size).toBe(0);
});

test('names with spaces, #, % and other alphabets are found', async () => {
  await using mirror = await setUp();
  const answer = await mirror.ask(`/org/model/resolve/main/sub%20dir/%C3%BC%20%23%25.txt`);
  expect(answer.text).toBe('odd');
});

test('a file is found by every kind of revision, and by the alias of plain files', async () => {
  await using mirror = await setUp();
  const { hub } = mirror;
  const commit = hub.push('org/model', { branch: 'refs/pr/1', files: { 'config.json': 'pr' } });
  const at = async (path: string) => (await mirror.ask(path)).text;
  expect(await at('/org/model/resolve/refs%2Fpr%2F1/config.json')).toBe('pr');
  expect(await at('/org/model/resolve/refs/pr/1/config.json')).toBe('pr');
  expect(await at(`/org/model/resolve/${commit}/config.json`)).toBe('pr');
  expect(await at('/org/model/resolve/HEAD/config.json')).toBe('{"a":1}');
  expect(await at(`/api/resolve-cache/models/org/model/${commit}/config.json`)).toBe('pr');
  expect(await at('/old-model/resolve/main/config.json')).toBe('{"a":1}');
});

test('what does not exist is said in the Hub’s words', async () => {
  await using mirror = await setUp();
  const noFile = await mirror.ask('/org/model/resolve/main/none.txt');
  expect([noFile.status, noFile.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
  expect(noFile.headers.get('x-repo-commit')).toBe(mirror.hub.commit('org/model'));
  const noRevision = await mirror.ask('/org/model/resolve/none/config.json');
  expect([noRevision.status, noRevision.headers.get('x-error-code')]).toEqual([404, 'RevisionNotFound']);
  const noRepo = await mirror.ask('/org/none/resolve/main/config.json');
  expect([noRepo.status, noRepo.headers.get('x-error-code')]).toEqual([401, 'RepoNotFound']);
});

test('a held file is put where the next request is answered at once, for the same caller', async () => {
  await using mirror = await setUp();
  mirror.files.held.add('model.bin');
  const path = '/org/model/resolve/main/model.bin';
  const answer = await mirror.ask(path);
  expect(answer.headers.get('cache-status')).toBe('modelswarm; hit');
  const entry = mirror.hot.find(path, undefined);
  expect(entry).toMatchObject({ kind: 'file', file: { size: 100_000 } });
  expect(mirror.hot.find(path, 'hf_other')).toBeUndefined();
  // A branch may move, so the shortcut to its file lasts for seconds.
  mirror.parts.clock.advance(16);
  expect(mirror.hot.find(path, undefined)).toBeUndefined();
});

test('the shortcut gives nothing once the file is not held', async () => {
  await using mirror = await setUp();
  mirror.files.held.add('model.bin');
  const path = '/org/model/resolve/main/model.bin';
  await mirror.ask(path, { method: 'HEAD' });
  const entry = mirror.hot.find(path, undefined);
  mirror.files.held.clear();
  expect(entry?.kind === 'file' && (await entry.open())).toBeUndefined();
  expect(mirror.files.opened).toBe(0);
});

test('answers at a commit may be kept by others, those of a branch only asked for again', async () => {
  await using mirror = await setUp();
  mirror.files.held.add('model.bin');
  const cacheControl = async (revision: string) =>
    (await mirror.ask(`/org/model/resolve/${revision}/model.bin`)).headers.get('cache-control');
  expect(await cacheControl('main')).toBe('public, no-cache, no-transform');
  const commit = mirror.hub.commit('org/model');
  expect(await cacheControl(commit)).toBe('public, max-age=86400, immutable, no-transform');
});

test('a gated file goes to whom the Hub lets have it, and no cache may share it', async () => {
  const gated = { name: 'org/gated', gated: 'manual', files: { 'model.bin': weights } } as const;
  const accounts = [
    { token: 'hf_in', user: 'in', grants: ['org/gated'] },
    { token: 'hf_out', user: 'out' },
  ];
  await using mirror = await openMirror({ repos: [gated], accounts });
  mirror.files.held.add('model.bin');
  const path = '/org/gated/resolve/main/model.bin';
  const granted = await mirror.send(path, { token: 'hf_in' });
  expect(granted.status).toBe(200);
  expect(await granted.bytes()).toEqual(weights);
  expect(granted.headers.get('cache-control')).toBe('private, no-cache, no-transform');
  expect(granted.headers.get('vary')).toBe('Authorization');
  const anonymous = await mirror.ask(path);
  expect([anonymous.status, anonymous.headers.get('x-error-code')]).toEqual([401, 'GatedRepo']);
  const outsider = await mirror.ask(path, { token: 'hf_out' });
  expect([outsider.status, outsider.headers.get('x-error-code')]).toEqual([403, 'GatedRepo']);
  expect(mirror.hot.find(path, 'hf_in')).toBeDefined();
  expect(mirror.hot.find(path, undefined)).toBeUndefined();
});

test('while the Hub is down, what is known is served with a warning', async () => {
  await using mirror = await setUp();
  mirror.files.held.add('model.bin');
  await mirror.ask('/org/model/resolve/main/model.bin');
  mirror.hub.setFault('*', { status: 503 });
  mirror.parts.clock.advance(3600);
  const answer = await mirror.ask('/org/model/resolve/main/model.bin');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('warning')).toContain('110');
  expect(answer.headers.get('x-hf-warning')).toContain('could not be asked');
  expect(answer.headers.get('cache-status')).toBe('modelswarm; hit; detail=stale');
});

test('an upstream outage is 503 or 504, never 401 or 404', async () => {
  await using mirror = await setUp();
  mirror.hub.setFault('*', { status: 502 });
  expect((await mirror.ask('/org/model/resolve/main/model.bin')).status).toBe(503);
  mirror.hub.clearFaults();
  mirror.hub.setFault('*', { status: 429, retryAfter: 7 });
  const limited = await mirror.ask('/org/model/resolve/main/config.json');
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('huggingface_hub learns no size beyond 50 GB from HEAD, other clients do', async () => {
  const huge = patternContent(51_000_000_000, 'huge', 'ab'.repeat(32));
  await using mirror = await openMirror({
    repos: [{ name: 'org/huge', files: { 'huge.bin': huge, 'small.bin': weights } }],
  });
  const head = (file: string, agent: string) =>
    mirror.ask(`/org/huge/resolve/main/${file}`, { method: 'HEAD', headers: { 'user-agent': agent } });
  const python = 'unknown/None; hf_hub/2.0.0; python/3.11';
  const hidden = await head('huge.bin', python);
  expect(hidden.status).toBe(200);
  expect(hidden.headers.has('content-length')).toBe(false);
  expect(hidden.headers.has('x-linked-size')).toBe(false);
  expect(hidden.headers.get('etag')).toBe(`"${'ab'.repeat(32)}"`);
  expect((await head('huge.bin', 'curl/8')).headers.get('content-length')).toBe('51000000000');
  expect((await head('huge.bin', 'hf_hub/0.36.0')).headers.get('x-linked-size')).toBe('51000000000');
  expect((await head('small.bin', python)).headers.get('content-length')).toBe('100000');
});

test('each GET that is answered with bytes is counted for its repo, and nothing else is', async () => {
  await using mirror = await setUp();
  const { counters } = mirror.parts.catalog;
  mirror.reopen({ counters });
  const path = '/org/model/resolve/main/model.bin';
  const etag = `"${mirror.hub.file('org/model', 'model.bin').sha256}"`;
  await mirror.ask(path, { method: 'HEAD' });
  await mirror.ask(path, { headers: { 'if-none-match': etag } });
  await mirror.ask(path, { headers: { range: 'bytes=100000-' } });
  await mirror.ask('/org/model/resolve/main/none.txt');
  expect(counters.topRepos(10)).toEqual([]);
  await mirror.ask(path);
  await mirror.ask(path, { headers: { range: 'bytes=50-' } });
  await mirror.ask('/old-model/resolve/main/config.json');
  const response = await mirror.send(path);
  await response.body?.cancel();
  const repo = { type: 'models', id: 'org/model' };
  const bytesToClients = 100_000 + 99_950 + 7;
  expect(counters.topRepos(10)).toMatchObject([{ repo, requests: 3, bytesToClients, bytesFromHub: 0 }]);
});

test('an answer from the hot table counts like one of the mirror', async () => {
  await using mirror = await setUp();
  const { counters } = mirror.parts.catalog;
  mirror.reopen({ counters });
  mirror.files.held.add('model.bin');
  const path = '/org/model/resolve/main/model.bin';
  await mirror.ask(path);
  const entry = mirror.hot.find(path, undefined);
  if (entry?.kind !== 'file') throw new Error('not in the hot table');
  entry.onEnd?.(500);
  expect(counters.totals()).toMatchObject({ requests: 2, bytesToClients: 100_500 });
});
