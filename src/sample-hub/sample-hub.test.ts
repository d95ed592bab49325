import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { ask, sampleHub } from '../../test/support/sample-hub.ts';
import { steppedClock } from '../../test/support/stepped-clock.ts';
import { createSampleHub } from './index.ts';

const MODEL = new Uint8Array(1_500_000).map((_, index) => index % 249);
const repos = [{ name: 'org/name', files: { 'a.txt': 'text', 'm.bin': MODEL } }];
const CONFIG_URL = '/org/name/resolve/main/a.txt';
const MODEL_URL = '/org/name/resolve/main/m.bin';

test('every request is logged with what it asked and got, and file bytes are counted', async () => {
  const token = `hf_${'a'.repeat(34)}`;
  const hub = await sampleHub({ repos, accounts: [{ token, user: 'reader' }] });
  const headers = { authorization: `Bearer ${token}`, range: 'bytes=10-19', 'user-agent': 'me/1' };
  const redirect = await ask(hub.url + MODEL_URL, { headers });
  await ask(redirect.headers.get('location') ?? '', { headers: { range: 'bytes=10-19' } });
  expect(hub.requests).toMatchObject([
    {
      method: 'GET',
      url: MODEL_URL,
      host: 'hub',
      kind: 'resolve',
      repo: 'org/name',
      path: 'm.bin',
      status: 302,
      token,
      range: 'bytes=10-19',
      userAgent: 'me/1',
    },
    { host: 'cdn', kind: 'cdn', repo: 'org/name', path: 'm.bin', status: 206, range: 'bytes=10-19', bytesSent: 10 },
  ]);
  expect(hub.requests[1]?.token).toBeUndefined();
  await fetch(hub.url + CONFIG_URL);
  expect([hub.bytesSent('org/name', 'm.bin'), hub.bytesSent('org/name', 'a.txt')]).toEqual([10, 4]);
  expect([hub.bytesSent('org/name'), hub.bytesSent('org/other'), hub.bytesSent()]).toEqual([14, 0, 14]);
  hub.resetCounters();
  expect([hub.bytesSent(), hub.requests.length]).toEqual([0, 0]);
});

test('a status or a reset meets the request it is set for, as often as it is set', async () => {
  const hub = await sampleHub({ repos });
  hub.setFault({ repo: 'org/name', kind: 'tree' }, { status: 503, retryAfter: 7 }, 1);
  const failed = await ask(`${hub.url}/api/models/org/name/tree/main`);
  expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '7']);
  expect((await ask(`${hub.url}/api/models/org/name/tree/main`)).status).toBe(200);
  hub.setFault({ method: 'HEAD' }, { reset: true }, 1);
  await expect(ask(hub.url + MODEL_URL, { method: 'HEAD' })).rejects.toThrow();
  expect(hub.requests.at(-1)?.status).toBe(0);
});

test('quotas answer 429 with the time to wait, and tell the rest on every answer', async () => {
  const rateLimits = { api: 1, resolvers: 2, pages: 9, windowSeconds: 60 };
  const hub = await sampleHub({ repos, rateLimits, clock: steppedClock() });
  const first = await ask(hub.url + CONFIG_URL);
  expect(first.headers.get('ratelimit')).toBe('"resolvers";r=1;t=60');
  expect(first.headers.get('ratelimit-policy')).toBe('"fixed window";"resolvers";q=2;w=60');
  await ask(hub.url + CONFIG_URL);
  const third = await ask(hub.url + CONFIG_URL);
  expect(third.status).toBe(429);
  expect(third.headers.get('ratelimit')).toBe('"resolvers";r=0;t=60');
  expect((await ask(`${hub.url}/api/models/org/name`)).status).toBe(200);
  hub.setRateLimits({ api: 5, resolvers: 5, pages: 5, windowSeconds: 60 });
  expect((await ask(hub.url + CONFIG_URL)).status).toBe(307);
  hub.setFault('*', { status: 429, retryAfter: 3 });
  expect((await ask(hub.url + CONFIG_URL)).headers.get('ratelimit')).toBe('"resolvers";r=0;t=3');
});

test('a body can be cut off, corrupted, or declared with another length', async () => {
  const hub = await sampleHub({ repos });
  const location = (await ask(hub.url + MODEL_URL)).headers.get('location') ?? '';
  hub.setFault({ repo: 'org/name', path: 'm.bin' }, { truncateAt: 700_000 }, 2);
  expect(await readUntilBroken(location)).toEqual({ bytes: 700_000, broken: true });
  expect(await readUntilBroken(location, 'bytes=1000000-')).toEqual({ bytes: 500_000, broken: false });
  const restore = hub.setFault({ host: 'cdn' }, { corruptAt: 1_234_567 });
  const { bytes } = await ask(location);
  expect(Array.from(bytes.keys()).filter((index) => bytes[index] !== MODEL[index])).toEqual([1_234_567]);
  const range = await ask(location, { headers: { range: 'bytes=1234567-1234567' } });
  expect(range.bytes[0]).toBe((MODEL[1_234_567] ?? 0) ^ 1);
  restore();
  hub.setFault({ host: 'cdn' }, { contentLength: 1_600_000 });
  expect((await ask(location, { method: 'HEAD' })).headers.get('content-length')).toBe('1600000');
  expect(await readUntilBroken(location)).toEqual({ bytes: 1_500_000, broken: true });
});

test('a body can stall', async () => {
  const hub = await sampleHub({ repos });
  const location = (await ask(hub.url + MODEL_URL)).headers.get('location') ?? '';
  hub.setFault({ host: 'cdn' }, { stallAt: 1000 }, 1);
  const aborter = new AbortController();
  const response = await fetch(location, { signal: aborter.signal });
  const reader = response.body?.getReader();
  expect((await reader?.read())?.value?.length).toBe(1000);
  const next = reader?.read();
  expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])).toBe('nothing');
  aborter.abort();
  await expect(next).rejects.toThrow();
});

test('answers, first bytes and bodies can be slow, each body for itself or all together', async () => {
  const clock = steppedClock();
  const hub = await sampleHub({ repos, clock });
  const location = (await ask(hub.url + MODEL_URL)).headers.get('location') ?? '';
  const milliseconds = async (readers: number) => {
    const started = clock.now();
    await Promise.all(Array.from({ length: readers }, () => ask(location)));
    return clock.now() - started;
  };
  expect(await milliseconds(1)).toBe(0);
  for (const fault of [{ delay: 40 }, { firstByteDelay: 40 }]) {
    const remove = hub.setFault({ host: 'cdn' }, fault);
    expect(await milliseconds(1)).toBe(40);
    remove();
  }
  const each = hub.setFault({ host: 'cdn' }, { bytesPerSecond: 5_000_000 });
  expect(await milliseconds(1)).toBeGreaterThan(200);
  each();
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 5_000_000 });
  expect(await milliseconds(2)).toBeGreaterThan(500);
});

test('a client that goes away ends its request', async () => {
  const hub = await sampleHub({ repos });
  const location = (await ask(hub.url + MODEL_URL)).headers.get('location') ?? '';
  hub.setFault({ host: 'cdn' }, { bytesPerSecond: 10_000 });
  const aborter = new AbortController();
  const response = await fetch(location, { signal: aborter.signal });
  expect((await response.body?.getReader().read())?.value?.length).toBeGreaterThan(0);
  aborter.abort();
  await vi.waitFor(() => expect(hub.requests.at(-1)).toMatchObject({ host: 'cdn', status: 200 }));
  expect(hub.requests.at(-1)?.bytesSent).toBeLessThan(MODEL.length);
  expect(hub.bytesSent('org/name', 'm.bin')).toBe(hub.requests.at(-1)?.bytesSent);
});

test('faults of bodies leave listings alone, unless they name them', async () => {
  const hub = await sampleHub({ repos });
  const tree = `${hub.url}/api/models/org/name/tree/main`;
  hub.setFault({ repo: 'org/name' }, { truncateAt: 5 });
  expect((await ask(tree)).json<object[]>()).toHaveLength(2);
  hub.setFault({ kind: 'tree' }, { truncateAt: 5 });
  expect(await readUntilBroken(tree)).toEqual({ bytes: 5, broken: true });
});

test('a hub can lie about size and hash of a file, and leave headers out', async () => {
  const hub = await sampleHub({ repos });
  hub.setFault(
    { path: 'm.bin' },
    { linkedSize: 5, linkedEtag: `"${'e'.repeat(64)}"`, withoutHeaders: ['X-Repo-Commit'] },
  );
  const { headers } = await ask(hub.url + MODEL_URL, { method: 'HEAD' });
  expect([headers.get('x-linked-size'), headers.get('x-linked-etag'), headers.get('x-repo-commit')]).toEqual([
    '5',
    `"${'e'.repeat(64)}"`,
    null,
  ]);
});

test('a branch can move between a HEAD and the GET that follows', async () => {
  const hub = await sampleHub({ repos });
  const before = hub.commit('org/name');
  const after = () => void hub.push('org/name', { files: { 'm.bin': 'new' } });
  hub.setFault({ kind: 'resolve', method: 'HEAD' }, { after }, 1);
  expect((await ask(hub.url + MODEL_URL, { method: 'HEAD' })).headers.get('x-repo-commit')).toBe(before);
  const get = await ask(hub.url + MODEL_URL);
  expect(get.headers.get('x-repo-commit')).toBe(hub.commit('org/name'));
  expect(get.headers.get('x-repo-commit')).not.toBe(before);
  expect(get.headers.get('x-linked-size')).toBe('3');
});

test('pages of other sites may read answers, and preflights are answered at once', async () => {
  const hub = await sampleHub({ repos });
  const answer = await ask(hub.url + CONFIG_URL, { headers: { origin: 'https://app.example' } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(answer.headers.get('access-control-expose-headers')).toContain('X-Linked-Size');
  const preflight = await ask(hub.url + CONFIG_URL, { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Range');
});

test('unknown routes, methods and broken encodings are refused as JSON', async () => {
  const hub = await sampleHub({ repos });
  for (const [path, method, status] of [
    ['/', 'GET', 404],
    ['/api/agent-harnesses', 'GET', 404],
    ['/api/models/org/name/discussions', 'GET', 404],
    [CONFIG_URL, 'DELETE', 404],
    ['/org/name/resolve/main/%E0%A4%A', 'GET', 400],
  ] as const) {
    const answer = await ask(hub.url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.json()).toHaveProperty('error');
  }
});

test('ids of one segment and Spaces have files too', async () => {
  const hub = await sampleHub({
    repos: [
      { name: 'gpt2', files: { a: 'x' } },
      { name: 'spaces/org/app', files: { a: 'y' } },
    ],
  });
  expect(await (await fetch(`${hub.url}/gpt2/resolve/main/a`)).text()).toBe('x');
  expect(await (await fetch(`${hub.url}/spaces/org/app/resolve/main/a`)).text()).toBe('y');
  expect((await ask(`${hub.url}/api/models/gpt2/tree/main`)).json()).toMatchObject([{ path: 'a' }]);
  expect(() => hub.addRepo({ name: 'gpt2', files: {} })).toThrow(RangeError);
});

test('closing cuts what is under way', async () => {
  const hub = await createSampleHub({ repos });
  hub.setFault('*', { delay: 60_000 });
  const waiting = ask(hub.url + CONFIG_URL);
  const idle = connect(Number(new URL(hub.url).port), '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  idle.on('error', () => {});
  const cut = new Promise((resolve) => idle.once('close', resolve));
  await Promise.all([expect(waiting).rejects.toThrow(), hub.close(), cut]);
});

async function readUntilBroken(url: string, range?: string): Promise<{ bytes: number; broken: boolean }> {
  const response = await fetch(url, range === undefined ? {} : { headers: { range } });
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) bytes += chunk.length;
    return { bytes, broken: false };
  } catch {
    return { bytes, broken: true };
  }
}
