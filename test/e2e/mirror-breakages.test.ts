import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { patternContent, type SampleHub, type SampleHubOptions } from '../../src/sample-hub/index.ts';
import { ask, sampleHub } from '../support/sample-hub.ts';
import { type StartOptions, startMirror, type TestMirror } from '../support/start-server.ts';
import { tempDir } from '../support/temp-dir.ts';

// What other mirrors of the Hub got wrong, each once: the clients that broke on it are named.

const MIB = 1024 * 1024;
const SIZE = 5 * MIB;
const config = JSON.stringify({ model_type: 'bert', padding: ' '.repeat(3000) });
const repos = [
  {
    name: 'org/model',
    aliases: ['old-name'],
    files: {
      'config.json': config,
      'empty.txt': '',
      'model.bin': patternContent(SIZE, 'breakages'),
    },
  },
];
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function setUp(
  options: { hub?: SampleHubOptions; mirror?: Omit<StartOptions, 'hub'> } = {},
): Promise<{ hub: SampleHub; mirror: TestMirror; url: string }> {
  const hub = await sampleHub({ repos, ...options.hub });
  const mirror = await startMirror({ hub, shutdownTimeout: 0, ...options.mirror });
  onTestFinished(() => mirror.close());
  return { hub, mirror, url: mirror.url };
}

const file = (path: string, revision = 'main') => `/org/model/resolve/${revision}/${path}`;

/** Waits until a file is held whole: from then on it costs the Hub nothing. */
async function warm(url: string, path: string): Promise<void> {
  await ask(url + file(path));
  await expect.poll(async () => (await ask(url + file(path))).headers.get('cache-status')).toMatch(/hit/);
}

/** A HEAD as python sends it, seen as it is on the wire. */
async function head(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const sent = request(url, { method: 'HEAD', headers });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return answer;
}

test('HEAD says the exact length of compressible files too, however the client asks (hf-mirror behind Cloudflare)', async () => {
  const { url, hub } = await setUp();
  for (const path of ['config.json', 'model.bin']) {
    const { size } = hub.file('org/model', path);
    for (const encoding of ['identity', 'gzip, deflate, br, zstd']) {
      const answer = await head(url + file(path), { 'accept-encoding': encoding });
      expect(answer.headers['content-length']).toBe(String(size));
      expect(answer.headers['x-linked-size']).toBe(String(size));
      expect(answer.headers['content-encoding']).toBeUndefined();
      expect(answer.headers['cache-control']).toContain('no-transform');
    }
  }
});

test('no answer about a file is a redirect, cold or warm (hf-mirror sent HEAD to huggingface.co)', async () => {
  const { url } = await setUp();
  for (let round = 0; round < 2; round++) {
    for (const path of [file('config.json'), file('model.bin'), '/old-name/resolve/main/config.json']) {
      for (const method of ['HEAD', 'GET']) {
        const answer = await ask(url + path, { method });
        expect(answer.status).toBe(200);
        expect(answer.headers.has('location')).toBe(false);
      }
    }
  }
});

test('no header and no JSON of any route leads to Xet (artifact-keeper, Nexus, nginx proxies)', async () => {
  const { url, hub } = await setUp();
  const commit = hub.commit('org/model');
  const api = '/api/models/org/model';
  const paths = [
    file('model.bin'),
    file('model.bin', commit),
    '/org/model/raw/main/model.bin',
    api,
    `${api}?blobs=true&securityStatus=true`,
    `${api}?expand=xetEnabled&expand=sha`,
    `${api}/revision/${commit}?expand=siblings`,
    `${api}/tree/main?recursive=true`,
    `${api}/tree/main?recursive=true&expand=true`,
    `${api}/refs`,
    `${api}/commits/main`,
    '/api/models?search=model&full=true',
  ];
  const answers = await Promise.all([
    ...paths.map((path) => ask(url + path)),
    ...[true, false].map((expand) =>
      ask(`${url}${api}/paths-info/main`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paths: ['model.bin'], expand }),
      }),
    ),
    ask(url + file('model.bin'), { headers: { accept: 'application/vnd.xet-fileinfo+json, */*', range: 'bytes=0-0' } }),
  ]);
  for (const { status, headers, text } of answers) {
    expect([200, 206]).toContain(status);
    expect(JSON.stringify([...headers])).not.toMatch(/xet/i);
    if (headers.get('content-type')?.includes('json')) expect(text).not.toMatch(/xet/i);
  }
  // hub.js takes the size from Content-Range when it gets no Xet description.
  expect(answers.at(-1)?.headers.get('content-range')).toBe(`bytes 0-0/${SIZE}`);
});

test('a client with old listings is told to do without Xet', async () => {
  const { url, hub } = await setUp();
  const answer = await ask(`${url}/api/models/org/model/xet-read-token/${hub.commit('org/model')}`);
  expect(answer.status).toBe(404);
  expect(answer.json<{ error: string }>().error).toContain('HF_HUB_DISABLE_XET=1');
});

test('a HEAD from the cache has all that a first one has (Nexus: vLLM looped; Artifactory: no commit)', async () => {
  const { url, hub } = await setUp();
  const names = ['x-repo-commit', 'etag', 'content-length', 'x-linked-size', 'x-linked-etag', 'accept-ranges'];
  const seen = async (path: string) => {
    const { headers } = await head(url + file(path));
    return names.map((name) => headers[name]);
  };
  for (const path of ['config.json', 'model.bin', 'empty.txt']) {
    const cold = await seen(path);
    expect(cold).not.toContain(undefined);
    expect(cold[0]).toBe(hub.commit('org/model'));
    await warm(url, path);
    // Twice: the long way, and the short one that it leads to.
    expect(await seen(path)).toEqual(cold);
    expect(await seen(path)).toEqual(cold);
  }
});

test('a missing file says at which commit, so that python notes it (Artifactory)', async () => {
  const { url, hub } = await setUp();
  for (const method of ['HEAD', 'GET']) {
    const answer = await ask(url + file('none.json'), { method });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-repo-commit')).toBe(hub.commit('org/model'));
    expect(answer.headers.get('x-error-code')).toBe('EntryNotFound');
  }
});

test('fields that this mirror does not know are no 404, and routes neither (Artifactory, Nexus)', async () => {
  const { url } = await setUp();
  expect((await ask(`${url}/api/models/org/model?expand=xetEnabled`)).status).toBe(200);
  // 404 is the sample hub's own answer: python tolerates it, and would not tolerate 400.
  for (const path of ['/api/agent-harnesses', '/api/kernels/org/kernel', '/api/telemetry/topic']) {
    expect((await ask(url + path)).status).toBe(404);
  }
});

test('llama.cpp finds refs and the whole tree at the commit (olah 85)', async () => {
  const { url, hub } = await setUp();
  const refs = await ask(`${url}/api/models/org/model/refs`);
  const [branch] = refs.json<{ branches: { name: string; targetCommit: string }[] }>().branches;
  expect(branch).toMatchObject({ name: 'main', targetCommit: hub.commit('org/model') });
  const tree = await ask(`${url}/api/models/org/model/tree/${branch?.targetCommit}?recursive=true`);
  expect(tree.json<{ path: string }[]>().map(({ path }) => path)).toContain('model.bin');
});

test('the Hub’s own detour for plain files is followed here (olah 52)', async () => {
  const { url, hub } = await setUp();
  expect((await ask(url + file('config.json'))).text).toBe(config);
  expect(hub.requests.some(({ kind }) => kind === 'resolve-cache')).toBe(true);
  hub.push('org/model', { files: { 'config.json': 'direct' } });
  hub.setFault('*', { plainFiles: 'direct' });
  expect((await ask(url + file('config.json', hub.commit('org/model')))).text).toBe('direct');
});

test('old and differently written names are the same repo (olah 57)', async () => {
  const { url, hub } = await setUp();
  await warm(url, 'config.json');
  hub.resetCounters();
  const answer = await ask(`${url}/old-name/resolve/main/config.json`);
  expect(answer.text).toBe(config);
  expect(hub.bytesSent()).toBe(0);
  const info = await ask(`${url}/api/models/old-name`);
  expect([info.status, info.json<{ id: string }>().id]).toEqual([200, 'org/model']);
});

test('an empty file can be probed and fetched (olah 58, hub.js snapshots)', async () => {
  const { url } = await setUp();
  for (const headers of [{}, { range: 'bytes=0-0' }, { range: 'bytes=0-' }]) {
    const answer = await ask(url + file('empty.txt'), { headers });
    expect([answer.status, answer.headers.get('content-length'), answer.text]).toEqual([200, '0', '']);
  }
});

test.each([429, 500, 502, 503, 504])('an upstream %i is never taken for a refusal (olah 62, 77)', async (status) => {
  const { url, hub } = await setUp();
  hub.setFault('*', { status, retryAfter: 1 });
  const paths = [file('config.json'), '/api/models/org/model', '/api/models/org/model/tree/main'];
  for (const answer of await Promise.all(paths.map((path) => ask(url + path)))) {
    expect([429, 502, 503, 504]).toContain(answer.status);
    expect(answer.headers.get('x-error-code')).not.toBe('RepoNotFound');
  }
});

test('bytes are asked of the Hub unpacked, and given out unpacked (olah 47, 49)', async () => {
  const { url } = await setUp();
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url + file('config.json'), { headers: { 'accept-encoding': 'gzip, br' } }, resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  expect(answer.headers['content-encoding']).toBeUndefined();
  expect(Buffer.concat(chunks).toString()).toBe(config);
});

test('sixteen parallel ranges of a file that nobody has asked for fit together (olah 36, 64, 66)', async () => {
  const { url, hub } = await setUp();
  const part = SIZE / 16;
  const parts = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      ask(url + file('model.bin'), { headers: { range: `bytes=${index * part}-${(index + 1) * part - 1}` } }),
    ),
  );
  expect(parts.map(({ status }) => status)).toEqual(Array(16).fill(206));
  expect(sha256(Buffer.concat(parts.map(({ bytes }) => bytes)))).toBe(hub.file('org/model', 'model.bin').sha256);
});

test('offline, what was fetched is there, and what was not is no refusal (olah 32)', async () => {
  const dataDir = await tempDir();
  const { url, hub, mirror } = await setUp({ mirror: { dataDir } });
  await warm(url, 'config.json');
  await ask(`${url}/api/models/org/model/revision/main`);
  await ask(`${url}/api/models/org/model/tree/${hub.commit('org/model')}?recursive=true`);
  await mirror.close();
  hub.resetCounters();
  const offline = await startMirror({ hub, dataDir, offline: true });
  onTestFinished(() => offline.close());
  expect((await ask(offline.url + file('config.json'))).text).toBe(config);
  expect((await ask(`${offline.url}/api/models/org/model/revision/main`)).status).toBe(200);
  expect((await ask(`${offline.url}/api/models/org/model/tree/main?recursive=true`)).status).toBe(200);
  expect((await ask(offline.url + file('model.bin'))).status).toBe(503);
  expect((await ask(`${offline.url}/api/models/org/other`)).status).toBe(503);
  expect(hub.requests).toEqual([]);
});

test('python learns no size over 50 GB before the GET, which has one (olah 50, 60)', async () => {
  const huge = patternContent(50_000_000_001, 'huge', 'ab'.repeat(32));
  const { url } = await setUp({ hub: { repos: [{ name: 'org/model', files: { 'huge.bin': huge } }] } });
  const python = { 'user-agent': 'unknown/None; hf_hub/2.0.0; python/3.11.7' };
  const answer = await head(url + file('huge.bin'), python);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-length']).toBeUndefined();
  expect(answer.headers['x-linked-size']).toBeUndefined();
  expect(answer.headers['transfer-encoding']).toBeUndefined();
  expect(answer.headers['x-repo-commit']).toMatch(/^[0-9a-f]{40}$/);
  const part = await ask(url + file('huge.bin'), { headers: { ...python, range: 'bytes=40000000000-40000000099' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 40000000000-40000000099/50000000001']);
  expect(part.bytes).toEqual(huge.read(40_000_000_000, 40_000_000_100));
});

test('the first bytes are there while the Hub still holds back the last ones', async () => {
  const { url, hub } = await setUp();
  hub.setFault({ path: 'model.bin', host: 'cdn' }, { stallAt: 2 * MIB });
  const leaving = new AbortController();
  const response = await fetch(url + file('model.bin'), { signal: leaving.signal });
  expect(response.headers.get('content-length')).toBe(String(SIZE));
  const first = await response.body?.getReader().read();
  expect(first?.value?.length).toBeGreaterThan(0);
  leaving.abort();
});

test('links to further pages stay with this server', async () => {
  const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${index}.txt`, 'x']));
  const { url } = await setUp({ hub: { repos: [{ name: 'org/model', files }] } });
  const answer = await ask(`${url}/api/models/org/model/tree/main?recursive=true&expand=true`);
  const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  expect(next?.startsWith(`${url}/api/models/org/model/tree/`)).toBe(true);
  expect((await ask(next ?? '')).json<unknown[]>()).toHaveLength(50);
});

test('pages of other origins can read everything, also errors and preflights (hf-mirror: transformers.js)', async () => {
  const { url } = await setUp();
  const headers = { origin: 'https://app.example.org' };
  for (const path of [file('config.json'), file('none.json'), '/api/models/org/model', '/api/models/org/none']) {
    expect((await ask(url + path, { headers })).headers.get('access-control-allow-origin')).toBe('*');
  }
  const preflight = await ask(url + file('model.bin'), {
    method: 'OPTIONS',
    headers: { ...headers, 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/range/i);
});

test('scripts that search the description as text find its files (hfd.sh)', async () => {
  const { url } = await setUp();
  expect((await ask(`${url}/api/models/org/model`)).text).toContain('"rfilename":"model.bin"');
});
