import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { SampleRepo } from '../../src/sample-hub/index.ts';
import { ask, sampleHub } from '../support/sample-hub.ts';
import { type StartOptions, startMirror, type TestMirror } from '../support/start-server.ts';

const CLIENT_TOKEN = `hf_msw${'c1'.repeat(20)}`;
const HUB_TOKEN = `hf_${'Hb'.repeat(17)}`;
const MODEL = randomBytes(3_000_000);
const REPOS: SampleRepo[] = [
  { name: 'org/model', files: { 'config.json': '{"a": 1}\n', 'model.bin': MODEL } },
  { name: 'other/model', files: { 'config.json': '{"b": 2}\n' } },
];

// Bytes that follow from nothing but their place, and do not compress.
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function mirrorOf(
  options: Omit<StartOptions, 'hub'> = {},
): Promise<TestMirror & { hub: Awaited<ReturnType<typeof sampleHub>> }> {
  const hub = await sampleHub({ repos: REPOS, accounts: [{ token: HUB_TOKEN, user: 'somebody' }] });
  const mirror = await startMirror({ hub, shutdownTimeout: 0, ...options });
  onTestFinished(() => mirror.close());
  return { ...mirror, hub };
}

test('a server answers health, readiness and a page without anything from elsewhere', async () => {
  const { url } = await mirrorOf();
  expect((await ask(`${url}/-/health`)).json()).toMatchObject({ status: 'ok' });
  expect((await ask(`${url}/-/ready`)).json()).toEqual({ status: 'ready' });
  const page = await ask(url);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.text).toContain(`HF_ENDPOINT=${url} hf download`);
  expect(page.text).not.toMatch(/<script|\bsrc=|<link/);
});

test('the server is ready when the Hub cannot be reached', async () => {
  const mirror = await startMirror({ hub: { url: 'http://127.0.0.1:9' } });
  onTestFinished(() => mirror.close());
  expect((await ask(`${mirror.url}/-/ready`)).status).toBe(200);
  expect((await ask(`${mirror.url}/org/model/resolve/main/config.json`)).status).toBe(503);
});

test('a file comes through the mirror, and the second time not from the Hub', async () => {
  const { url, hub } = await mirrorOf();
  for (let i = 0; i < 2; i++) {
    const answer = await ask(`${url}/org/model/resolve/main/model.bin`);
    expect(sha256(answer.bytes)).toBe(sha256(MODEL));
  }
  expect(hub.bytesSent('org/model', 'model.bin')).toBe(MODEL.length);
});

test('paths that are nobody’s are 404, and our own take only GET and HEAD', async () => {
  const { url } = await mirrorOf();
  expect((await ask(`${url}/nothing`)).status).toBe(404);
  expect((await ask(`${url}/-/nothing`)).status).toBe(404);
  const posted = await ask(`${url}/-/health`, { method: 'POST' });
  expect(posted.status).toBe(405);
  expect(posted.headers.get('allow')).toContain('GET');
});

test('a page under a foreign name that points at loopback reads nothing', async () => {
  const { port } = await mirrorOf();
  const path = '/org/model/resolve/main/model.bin';
  expect((await askAs('evil.example', port, path)).statusCode).toBe(421);
  // The second answer comes from the disk, and from then on it has a shorter way.
  for (let i = 0; i < 3; i++) expect((await askAs('127.0.0.1', port, path)).statusCode).toBe(200);
  expect((await askAs('evil.example', port, path)).statusCode).toBe(421);
});

test('with client tokens, whoever has none gets nothing, warm or cold', async () => {
  const { url } = await mirrorOf({ clientTokens: [CLIENT_TOKEN] });
  const file = `${url}/org/model/resolve/main/model.bin`;
  const allowed = { headers: { authorization: `Bearer ${CLIENT_TOKEN}` } };
  expect((await ask(file)).status).toBe(401);
  for (let i = 0; i < 3; i++) expect((await ask(file, allowed)).status).toBe(200);
  expect((await ask(file)).status).toBe(401);
  expect((await ask(file, { headers: { authorization: `Bearer ${CLIENT_TOKEN}x` } })).status).toBe(401);
  expect((await ask(`${url}/-/ready`)).status).toBe(200);
});

test('a client token never reaches the Hub, and a Hub token beside one does', async () => {
  const { url, hub } = await mirrorOf({ clientTokens: [CLIENT_TOKEN] });
  const seen = () => JSON.stringify(hub.requests);
  await ask(`${url}/org/model/resolve/main/config.json`, { headers: { authorization: `Bearer ${CLIENT_TOKEN}` } });
  // This one is asked of the Hub with whatever token the caller has there.
  await ask(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${CLIENT_TOKEN}` } });
  expect(hub.requests.length).toBeGreaterThan(0);
  expect(hub.requests.every(({ token }) => token === undefined)).toBe(true);
  const both = { authorization: `Bearer ${HUB_TOKEN}`, 'x-modelswarm-client-token': CLIENT_TOKEN };
  const whoami = await ask(`${url}/api/whoami-v2`, { headers: both });
  expect(whoami.json<{ name: string }>().name).toBe('somebody');
  expect(seen()).not.toContain(CLIENT_TOKEN);
});

test('repos that the operator does not allow are refused', async () => {
  const { url } = await mirrorOf({ allow: ['org/*'], deny: ['org/secret'] });
  expect((await ask(`${url}/org/model/resolve/main/config.json`)).status).toBe(200);
  expect((await ask(`${url}/other/model/resolve/main/config.json`)).status).toBe(403);
  expect((await ask(`${url}/org/secret/resolve/main/config.json`)).status).toBe(403);
});

test('links in answers lead to the address that the client uses, behind a trusted proxy too', async () => {
  const list = '/api/models?limit=1';
  const linkOf = async (url: string, headers: Record<string, string>) =>
    (await ask(url + list, { headers })).headers.get('link') ?? '';
  const plain = await mirrorOf();
  expect(await linkOf(plain.url, { 'x-forwarded-proto': 'https' })).toContain(`<${plain.url}/api/`);
  const proxied = await mirrorOf({ trustedProxies: ['127.0.0.1'] });
  expect(await linkOf(proxied.url, { 'x-forwarded-proto': 'https' })).toContain(
    `<https://127.0.0.1:${proxied.port}/api/`,
  );
  const named = await mirrorOf({ publicUrl: 'https://models.example.org/hf' });
  expect(await linkOf(named.url, {})).toContain('<https://models.example.org/hf/api/');
});

test('a client that asks too often is told to wait, and a client behind the same proxy is not', async () => {
  const { url } = await mirrorOf({ rateLimit: 0.1, trustedProxies: ['127.0.0.1'] });
  const from = (address: string) => ask(`${url}/-/health`, { headers: { 'x-forwarded-for': address } });
  expect((await from('203.0.113.1')).status).toBe(200);
  const refused = await from('203.0.113.1');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await from('203.0.113.2')).status).toBe(200);
});

test('one address cannot hold more connections than it may', async () => {
  const { port } = await mirrorOf({ maxConnectionsPerClient: 2 });
  const sockets = Array.from({ length: 2 }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const third = connect(port, '127.0.0.1');
  await once(third, 'close');
  const [first] = sockets;
  first?.destroy();
  // The place is free again, as soon as the server has heard of it.
  await expect.poll(() => isKept(port)).toBe(true);
});

test('bandwidth limits leave the bytes as they are', async () => {
  const { url } = await mirrorOf({ clientBandwidth: 20e6, bandwidth: 30e6 });
  for (let i = 0; i < 2; i++) {
    expect(sha256((await ask(`${url}/org/model/resolve/main/model.bin`)).bytes)).toBe(sha256(MODEL));
  }
});

test('a server that closes lets a running download finish, and accepts nothing new', async () => {
  const { url, port, hub, close } = await mirrorOf({ shutdownTimeout: 30_000 });
  hub.setFault({ path: 'model.bin' }, { totalBytesPerSecond: 3e6 });
  const download = await open(`${url}/org/model/resolve/main/model.bin`);
  const closed = close();
  await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  expect(sha256(await bytesOf(download))).toBe(sha256(MODEL));
  await closed;
});

test('a download that does not end in time is cut, never ended as if it were whole', async () => {
  const { url, hub, close } = await mirrorOf({ shutdownTimeout: 100 });
  hub.setFault({ path: 'model.bin' }, { stallAt: 1_500_000 });
  const download = await open(`${url}/org/model/resolve/main/model.bin`);
  const received = bytesOf(download).then(
    () => 'whole',
    () => 'cut',
  );
  await close();
  expect(await received).toBe('cut');
});

test('a taken port is named', async () => {
  const { port, hub } = await mirrorOf();
  await expect(startMirror({ hub, port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
});

test('a data directory serves one server at a time, and the next one when that has closed', async () => {
  const { hub, dataDir, close } = await mirrorOf();
  await expect(startMirror({ hub, dataDir })).rejects.toThrow('in use by another modelswarm');
  await close();
  const next = await startMirror({ hub, dataDir });
  await next.close();
});

test.runIf(process.platform === 'linux')('a server that was closed leaves no file and no socket open', async () => {
  const hub = await sampleHub({ repos: REPOS });
  const openFiles = async () => {
    const targets = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return targets.filter((target) => target.startsWith('socket:') || target.includes('modelswarm-data-'));
  };
  const once = async () => {
    const { url, close } = await startMirror({ hub });
    await ask(`${url}/org/model/resolve/main/model.bin`);
    await ask(`${url}/org/model/resolve/main/config.json`);
    await close();
  };
  // The first round opens what stays for good: the connections of the test's own client, for one.
  await once();
  const before = await openFiles();
  await once();
  // Fewer is no leak: what the tests before it have left may end meanwhile.
  await expect.poll(async () => (await openFiles()).length).toBeLessThanOrEqual(before.length);
  await expect.poll(openFiles).not.toContainEqual(expect.stringContaining('modelswarm-data-'));
});

function askAs(host: string, port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      response.resume().once('end', () => resolve(response));
    })
      .on('error', reject)
      .end();
  });
}

function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).on('error', reject);
  });
}

async function bytesOf(body: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Does the server keep a new connection, or drop it at once? */
async function isKept(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const first = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
  socket.destroy();
  return first;
}
