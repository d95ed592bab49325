import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';
import type { SampleHub } from '../index.ts';

const CONFIG = `{"text": "${'x'.repeat(2000)}"}`;
const MODEL = new Uint8Array(200_000).map((_, index) => index % 251);
const MODEL_SHA256 = createHash('sha256').update(MODEL).digest('hex');
const FILES = { 'config.json': CONFIG, 'dir/model.bin': MODEL, empty: '', 'ünï cödé #%.txt': 'odd' };
const repos = [{ name: 'org/name', files: FILES, aliases: ['old'] }];

test('a plain file is redirected to a cached copy on the same host, relatively', async () => {
  const hub = await sampleHub({ repos });
  const { gitOid } = hub.file('org/name', 'config.json');
  const answer = await ask(`${hub.url}/org/name/resolve/main/config.json`);
  expect(answer.status).toBe(307);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'x-repo-commit': hub.commit('org/name'),
    'x-linked-etag': `"${gitOid}"`,
    'accept-ranges': 'bytes',
    'content-disposition': `inline; filename*=UTF-8''config.json; filename="config.json";`,
    'content-length': String(answer.bytes.length),
    location: `/api/resolve-cache/models/org/name/${hub.commit('org/name')}/config.json?%2Forg%2Fname%2Fresolve%2Fmain%2Fconfig.json=&etag=%22${gitOid}%22`,
  });
  const cached = await ask(hub.url + answer.headers.get('location'));
  expect(cached.status).toBe(200);
  expect(cached.text).toBe(CONFIG);
  expect(Object.fromEntries(cached.headers)).toMatchObject({
    etag: `"${gitOid}"`,
    'x-repo-commit': hub.commit('org/name'),
    'content-length': String(CONFIG.length),
  });
});

test('an older Hub answered plain files at once', async () => {
  const hub = await sampleHub({ repos });
  hub.setFault({ repo: 'org/name' }, { plainFiles: 'direct' });
  const answer = await ask(`${hub.url}/org/name/resolve/main/config.json`);
  expect(answer).toMatchObject({ status: 200, text: CONFIG });
  expect(answer.headers.get('x-repo-commit')).toBe(hub.commit('org/name'));
});

test('an LFS file is redirected to the other origin, which knows neither its SHA-256 nor the hub', async () => {
  const hub = await sampleHub({ repos });
  const { xetHash = '' } = hub.file('org/name', 'dir/model.bin');
  const answer = await ask(`${hub.url}/org/name/resolve/main/dir/model.bin`, { method: 'HEAD' });
  expect(answer.status).toBe(302);
  const commit = hub.commit('org/name');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'x-repo-commit': commit,
    'x-linked-size': '200000',
    'x-linked-etag': `"${MODEL_SHA256}"`,
    'x-xet-hash': xetHash,
    link: `<${hub.url}/api/models/org/name/xet-read-token/${commit}>; rel="xet-auth", <${hub.cdnUrl}/v1/reconstructions/${xetHash}>; rel="xet-reconstruction-info"`,
    'cache-control': 'no-store',
  });
  const location = answer.headers.get('location') ?? '';
  expect(location.startsWith(`${hub.cdnUrl}/xet-bridge-us/`)).toBe(true);
  const bytes = await ask(location);
  expect(bytes.status).toBe(200);
  expect(createHash('sha256').update(bytes.bytes).digest('hex')).toBe(MODEL_SHA256);
  expect(bytes.headers.get('etag')).toBe(`"${xetHash}"`);
  expect([...bytes.headers.keys()].filter((name) => name.startsWith('x-'))).toEqual([]);
  const head = await ask(location, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe('200000');
});

test('Ollama is redirected with 307', async () => {
  const hub = await sampleHub({ repos });
  const headers = { 'user-agent': 'ollama/0.12.0 (amd64 linux) Go/go1.24' };
  expect((await ask(`${hub.url}/org/name/resolve/main/dir/model.bin`, { headers })).status).toBe(307);
});

test('who accepts Xet file info gets it in place of bytes; without Xet there is no sign of it', async () => {
  const hub = await sampleHub({ repos });
  const url = `${hub.url}/org/name/resolve/main/dir/model.bin`;
  const headers = { accept: 'application/vnd.xet-fileinfo+json, */*', range: 'bytes=0-0' };
  const info = await ask(url, { headers });
  expect(info.status).toBe(200);
  expect(info.headers.get('content-type')).toBe('application/vnd.xet-fileinfo+json');
  expect(info.headers.get('x-linked-size')).toBe('200000');
  expect(info.json()).toMatchObject({ hash: hub.file('org/name', 'dir/model.bin').xetHash, size: 200_000 });
  hub.setFault('*', { xet: false });
  const plain = await ask(url, { headers });
  expect(plain.status).toBe(302);
  expect(plain.headers.get('x-xet-hash')).toBeNull();
  expect(plain.headers.get('link')).toBeNull();
});

test('ranges are served as asked, on both origins', async () => {
  const hub = await sampleHub({ repos });
  const plain = await finalUrl(hub, 'config.json');
  const lfs = await finalUrl(hub, 'dir/model.bin');
  const config = new TextEncoder().encode(CONFIG);
  for (const [url, content] of [[plain, config] as const, [lfs, MODEL] as const]) {
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=100-299', 100, 300],
      ['bytes=1000-', 1000, content.length],
      ['bytes=-7', content.length - 7, content.length],
    ] as const) {
      const answer = await ask(url, { headers: { range, 'accept-encoding': 'gzip' } });
      expect(answer.status).toBe(206);
      expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${content.length}`);
      expect(answer.headers.get('content-encoding')).toBeNull();
      expect(answer.bytes).toEqual(content.slice(start, end));
    }
    const beyond = await ask(url, { headers: { range: `bytes=${content.length}-` } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${content.length}`);
  }
});

test('a file without bytes is served whole, and refuses every range', async () => {
  const hub = await sampleHub({ repos });
  const url = await finalUrl(hub, 'empty');
  expect(await ask(url)).toMatchObject({ status: 200, text: '' });
  const answer = await ask(url, { headers: { range: 'bytes=0-0' } });
  expect(answer.status).toBe(416);
  expect(answer.headers.get('content-range')).toBe('bytes */0');
});

test('text is compressed, without a length and with a weak ETag, for who accepts that', async () => {
  const hub = await sampleHub({ repos });
  const url = await finalUrl(hub, 'config.json');
  const { gitOid } = hub.file('org/name', 'config.json');
  const answer = await rawGet(url, { 'accept-encoding': 'gzip, deflate' });
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(answer.headers['content-length']).toBeUndefined();
  expect(answer.headers.etag).toBe(`W/"${gitOid}"`);
  expect(gunzipSync(answer.body).toString()).toBe(CONFIG);
  expect((await rawGet(url, { 'accept-encoding': 'gzip;q=0, identity' })).headers['content-encoding']).toBeUndefined();
  hub.setFault('*', { gzip: false });
  expect((await rawGet(url, { 'accept-encoding': 'gzip' })).headers['content-length']).toBe(String(CONFIG.length));
});

test('If-None-Match is honoured', async () => {
  const hub = await sampleHub({ repos });
  const headers = { 'if-none-match': `"${hub.file('org/name', 'config.json').gitOid}"` };
  expect((await ask(`${hub.url}/org/name/resolve/main/config.json`, { headers })).status).toBe(304);
  expect((await ask(await finalUrl(hub, 'config.json'), { headers })).status).toBe(304);
  expect((await ask(await finalUrl(hub, 'config.json'), { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
});

test('difficult names are found, and ?download=true makes an attachment', async () => {
  const hub = await sampleHub({ repos });
  const path = encodeURIComponent('ünï cödé #%.txt');
  const answer = await ask(`${hub.url}/org/name/resolve/main/${path}?download=true`);
  expect(answer.headers.get('content-disposition')).toBe(
    `attachment; filename*=UTF-8''${path}; filename="?n? c?d? #%.txt";`,
  );
  const cached = await ask(hub.url + answer.headers.get('location'));
  expect(cached.text).toBe('odd');
  expect(cached.headers.get('content-disposition')).toMatch(/^attachment/);
});

test('a missing file and a bad revision are refused in the words of the Hub', async () => {
  const hub = await sampleHub({ repos });
  const missing = await ask(`${hub.url}/org/name/resolve/main/nothing`);
  expect(missing).toMatchObject({ status: 404, text: 'Entry not found' });
  expect(missing.headers.get('x-error-code')).toBe('EntryNotFound');
  expect(missing.headers.get('x-repo-commit')).toBe(hub.commit('org/name'));
  const revision = await ask(`${hub.url}/org/name/resolve/no-such-branch/config.json`);
  expect(revision.status).toBe(404);
  expect(revision.headers.get('x-error-code')).toBe('RevisionNotFound');
  expect(revision.headers.get('x-error-message')).toBe('Invalid rev id: no-such-branch');
});

test('old ids are redirected, or answered at once where the switch says so', async () => {
  const hub = await sampleHub({ repos });
  const answer = await ask(`${hub.url}/old/resolve/main/dir/model.bin?download=true`);
  expect(answer.status).toBe(307);
  expect(answer.headers.get('location')).toBe('/org/name/resolve/main/dir/model.bin?download=true');
  const cased = await ask(`${hub.url}/Org/NAME/resolve/main/empty`);
  expect(cased.headers.get('location')).toBe('/org/name/resolve/main/empty');
  hub.setFault('*', { renamedFiles: 'direct' });
  expect((await ask(`${hub.url}/old/resolve/main/dir/model.bin`)).status).toBe(302);
});

test('a signed URL ends when it says, and cannot be changed', async () => {
  let now = 1_700_000_000_000;
  const hub = await sampleHub({ repos, clock: { now: () => now, sleep: async () => {} } });
  hub.setFault('*', { signedUrlSeconds: 60 });
  const location = await finalUrl(hub, 'dir/model.bin');
  now += 59_000;
  expect((await ask(location)).status).toBe(200);
  expect((await ask(location.replace('Expires=', 'Expires=9'))).status).toBe(403);
  now += 1000;
  expect((await ask(location)).status).toBe(403);
});

test('a pointer that was pushed without its bytes names them, but opens nothing', async () => {
  const secret = { name: 'secret/model', private: true, files: { 'model.bin': MODEL } };
  const forged = { pointer: { sha256: MODEL_SHA256, size: MODEL.length } };
  const hub = await sampleHub({ repos: [secret, { name: 'eve/forged', files: { 'm.bin': forged } }] });
  const answer = await ask(`${hub.url}/eve/forged/resolve/main/m.bin`);
  expect(answer.headers.get('x-linked-etag')).toBe(`"${MODEL_SHA256}"`);
  expect(answer.headers.get('x-linked-size')).toBe(String(MODEL.length));
  expect((await ask(answer.headers.get('location') ?? '')).status).toBe(404);
});

async function finalUrl(hub: SampleHub, path: string): Promise<string> {
  const answer = await ask(`${hub.url}/org/name/resolve/main/${path}`);
  return new URL(answer.headers.get('location') ?? '', hub.url).href;
}

/** What comes on the wire, before a client decompresses it. */
async function rawGet(
  url: string,
  headers: Record<string, string>,
): Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject).end();
  });
}
