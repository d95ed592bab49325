import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { toHex } from '../../src/base/hex.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { parseMagnet } from '../../src/metainfo/magnet.ts';
import { parseTorrent } from '../../src/metainfo/parse-torrent.ts';
import type { Torrent } from '../../src/metainfo/torrent.ts';
import { patternContent, type SampleRepo } from '../../src/sample-hub/index.ts';
import { magnetSchema, statsSchema, statusSchema } from '../../src/torrents/documents.ts';
import { download, until } from '../support/downloads.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { type StartOptions, startMirror, type TestMirror } from '../support/start-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const card = { license: 'mit' };
const big = patternContent(6 * MIB + 5, 'torrents');

const REPO: SampleRepo = {
  name: 'org/model',
  card,
  files: { 'README.md': '# model\n', 'sub/model.safetensors': big, 'empty.txt': '', 'x.torrent': 'just a file\n' },
};

async function setUp(repos: SampleRepo[], options: Partial<StartOptions> = {}) {
  const hub = await sampleHub({ repos });
  const mirror = await startMirror({ hub, ...options });
  return { hub, mirror, [Symbol.asyncDispose]: () => mirror.close() };
}

const torrentOf = async (mirror: TestMirror, path: string): Promise<Torrent> => {
  const response = await fetch(`${mirror.url}/torrent/${path}`);
  expect(response.status, path).toBe(200);
  return parseTorrent(new Uint8Array(await response.arrayBuffer()));
};
const statusOf = async (mirror: TestMirror, path: string) => {
  const response = await fetch(`${mirror.url}/model/${path}${path.includes('?') ? '&' : '?'}format=json`);
  return { code: response.status, ...statusSchema.parse(await response.json()) };
};
const hashesOf = ({ infoHash, infoHashV2 }: Torrent) => [infoHash && toHex(infoHash), infoHashV2 && toHex(infoHashV2)];

describe('a file that is not held', () => {
  test('has no torrent yet: 404 says where to look, and caching starts behind it', async () => {
    await using bed = await setUp([REPO]);
    const response = await fetch(`${bed.mirror.url}/torrent/org/model/sub/model.safetensors`);
    expect(response.status).toBe(404);
    expect(response.headers.get('x-error-code')).toBe('NOT_CACHED');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const { statusUrl } = await response.json();
    await until(async () => (await fetch(statusUrl)).status === 200);
    const torrent = await torrentOf(bed.mirror, 'org/model/sub/model.safetensors');
    expect(torrent).toMatchObject({
      version: 'hybrid',
      name: 'model.safetensors',
      length: big.size,
      isSingleFile: true,
    });
    expect(bed.hub.bytesSent('org/model', 'sub/model.safetensors')).toBe(big.size);
  });

  test('is redirected to its bytes by /model, which come while it fills, or to the Hub', async () => {
    await using bed = await setUp([REPO]);
    bed.hub.setFault({ path: 'sub/model.safetensors', host: 'cdn' }, { totalBytesPerSecond: 4 * MIB });
    const path = `${bed.mirror.url}/model/org/model/sub/model.safetensors`;
    const toUs = await fetch(path, { redirect: 'manual' });
    expect(toUs.status).toBe(307);
    const location = toUs.headers.get('location') ?? '';
    expect(location).toMatch(/\/hf\/org\/model@[0-9a-f]{40}\/sub\/model\.safetensors$/);
    const toHub = await fetch(`${path}?fallback=hub`, { redirect: 'manual' });
    expect(toHub.headers.get('location')).toMatch(
      new RegExp(`^${bed.hub.url}/org/model/resolve/[0-9a-f]{40}/sub/model`),
    );
    expect(await statusOf(bed.mirror, 'org/model/sub/model.safetensors')).toMatchObject({
      code: 202,
      status: 'preparing',
    });
    const whole = await download(new URL(location, bed.mirror.url).href);
    expect(whole).toMatchObject({ status: 200, sha256: bed.hub.file('org/model', 'sub/model.safetensors').sha256 });
    await until(async () => (await statusOf(bed.mirror, 'org/model/sub/model.safetensors')).status === 'ready');
    expect((await fetch(path)).headers.get('content-type')).toBe('application/x-bittorrent');
  });

  test('can be waited for', async () => {
    await using bed = await setUp([REPO]);
    const { name } = await torrentOf(bed.mirror, 'org/model/sub/model.safetensors?wait=30');
    expect(name).toBe('model.safetensors');
  });

  test('that was fetched by anybody has its torrent at once, without a second read', async () => {
    await using bed = await setUp([REPO]);
    await download(`${bed.mirror.url}/org/model/resolve/main/sub/model.safetensors`);
    expect((await torrentOf(bed.mirror, 'org/model/sub/model.safetensors')).length).toBe(big.size);
  });
});

describe('a whole repo', () => {
  test('is one torrent of all its files, the same on every server', async () => {
    await using one = await setUp([REPO]);
    await using other = await setUp([REPO]);
    const first = await torrentOf(one.mirror, 'org/model?wait=30');
    expect(first.files.filter(({ isPad }) => !isPad).map(({ path }) => path)).toEqual([
      'README.md',
      'empty.txt',
      'sub/model.safetensors',
      'x.torrent',
    ]);
    expect(first.webSeeds).toEqual([expect.stringMatching(/\/v1\/org\/model\/[0-9a-f]{40}\/$/)]);
    expect(hashesOf(await torrentOf(other.mirror, 'org/model?wait=30'))).toEqual(hashesOf(first));
    for (const v of ['1', '2']) {
      const variant = await torrentOf(one.mirror, `org/model?v=${v}`);
      expect(variant.version).toBe(`v${v}`);
      expect(hashesOf(await torrentOf(other.mirror, `org/model?v=${v}&wait=30`))).toEqual(hashesOf(variant));
    }
  });

  test('tells how far it is, and is fetched once', async () => {
    await using bed = await setUp([REPO]);
    expect(await statusOf(bed.mirror, 'org/model')).toMatchObject({ code: 202, status: 'preparing', filePath: null });
    await until(async () => (await statusOf(bed.mirror, 'org/model')).status === 'ready');
    await torrentOf(bed.mirror, 'org/model');
    expect(bed.hub.bytesSent()).toBe(
      Object.keys(REPO.files).reduce((sum, path) => sum + bed.hub.file('org/model', path).size, 0),
    );
  });

  test('of another revision, and of a dataset, is pinned to its commit', async () => {
    await using bed = await setUp([REPO, { name: 'datasets/org/model', card, files: { 'data.csv': 'a,b\n1,2\n' } }]);
    const old = bed.hub.commit('org/model');
    const before = await torrentOf(bed.mirror, 'org/model?wait=30');
    bed.hub.push('org/model', { branch: 'other', files: { 'README.md': '# changed\n' } });
    const changed = await torrentOf(bed.mirror, 'org/model@other?wait=30');
    expect(hashesOf(changed)).not.toEqual(hashesOf(before));
    expect(hashesOf(await torrentOf(bed.mirror, 'org/model?revision=other'))).toEqual(hashesOf(changed));
    expect(hashesOf(await torrentOf(bed.mirror, `org/model@${old}`))).toEqual(hashesOf(before));
    const data = await torrentOf(bed.mirror, 'datasets/org/model?wait=30');
    expect(data.provenance?.repo).toBe('datasets/org/model');
    expect(data.webSeeds[0]).toMatch(/\/v1\/datasets\/org\/model\//);
  });
});

describe('web seeds', () => {
  test('answer ranges, conditions and pads as BEP 19 clients ask for them', async () => {
    await using bed = await setUp([REPO]);
    const { webSeeds, name } = await torrentOf(bed.mirror, 'org/model?wait=30');
    const seed = `${webSeeds[0]}${name}/`;
    const range = await fetch(`${seed}sub/model.safetensors`, { headers: { range: 'bytes=5-9' } });
    expect(range.status).toBe(206);
    expect(range.headers.get('content-range')).toBe(`bytes 5-9/${big.size}`);
    expect(range.headers.get('access-control-allow-origin')).toBe('*');
    expect(new Uint8Array(await range.arrayBuffer())).toEqual(new Uint8Array(big.read(5, 10)));
    const etag = range.headers.get('etag') ?? '';
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`${seed}sub/model.safetensors`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await ask({ 'if-none-match': etag })).toBe(304);
    expect(await ask({ range: 'bytes=5-9', 'if-range': etag })).toBe(206);
    expect(await ask({ range: 'bytes=5-9', 'if-range': '"another"' })).toBe(200);
    expect(await ask({ range: `bytes=${big.size}-` })).toBe(416);
    const pad = await fetch(`${seed}.pad/1000`, { headers: { range: 'bytes=10-19' } });
    expect([pad.status, new Uint8Array(await pad.arrayBuffer())]).toEqual([206, new Uint8Array(10)]);
    expect((await fetch(`${webSeeds[0]}another-name/README.md`)).status).toBe(400);
    expect((await fetch(`${seed}nothing.txt`)).status).toBe(404);
    expect((await fetch(`${seed}empty.txt`)).headers.get('content-length')).toBe('0');
  });

  test('of a file that is not held fill it as they go', async () => {
    await using bed = await setUp([REPO]);
    const whole = await download(`${bed.mirror.url}/hf/org/model/sub/model.safetensors`);
    expect(whole.sha256).toBe(bed.hub.file('org/model', 'sub/model.safetensors').sha256);
  });

  test('in a torrent come from the configuration, whatever Host a request names', async () => {
    await using bed = await setUp([REPO], { allowedHosts: ['evil.example'] });
    await torrentOf(bed.mirror, 'org/model?wait=30');
    const { port, hostname } = new URL(bed.mirror.url);
    for (const path of ['/torrent/org/model', '/magnet/org/model', '/model/org/model?format=json']) {
      const text = await new Promise<string>((resolve, reject) => {
        const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
        request({ host: hostname, port, path, headers }, (response) => {
          let body = '';
          response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
          response.on('end', () => resolve(body));
        })
          .on('error', reject)
          .end();
      });
      expect(text).toContain(`${hostname}:${port}`.replace(':', path.startsWith('/magnet') ? '%3A' : ':'));
      expect(text).not.toContain('evil.example');
    }
  });

  test('are those of --public-url, with trackers and the Hub where the operator wants them', async () => {
    await using bed = await setUp([REPO], {
      publicUrl: 'https://models.example.org/base',
      trackers: ['udp://one.example:80', 'wss://two.example'],
      hubWebseed: true,
    });
    const torrent = await torrentOf(bed.mirror, 'org/model/sub/model.safetensors?wait=30');
    const { commit } = torrent.provenance ?? {};
    expect(torrent.webSeeds).toEqual([
      `https://models.example.org/base/hf/org/model@${commit}/sub/model.safetensors`,
      `${bed.hub.url}/org/model/resolve/${commit}/sub/model.safetensors`,
    ]);
    expect(torrent.trackers).toEqual([['udp://one.example:80'], ['wss://two.example']]);
    const v2 = await torrentOf(bed.mirror, 'org/model/sub/model.safetensors?v=2');
    expect(v2.webSeeds[0]).toBe(`https://models.example.org/base/hf/org/model@${commit}/sub/`);
  });
});

describe('a magnet link', () => {
  test('names both hashes, the web seed and the torrent, as JSON or as text', async () => {
    await using bed = await setUp([REPO], { trackers: ['udp://one.example:80'] });
    const torrent = await torrentOf(bed.mirror, 'org/model/sub/model.safetensors?wait=30');
    const url = `${bed.mirror.url}/magnet/org/model/sub/model.safetensors`;
    const document = magnetSchema.parse(await (await fetch(url)).json());
    expect([document.infoHash, document.infoHashV2]).toEqual(hashesOf(torrent));
    expect(document).toMatchObject({ repoId: 'org/model', revision: 'main', filePath: 'sub/model.safetensors' });
    const magnet = parseMagnet(document.magnetUri);
    expect(magnet).toMatchObject({
      name: 'model.safetensors',
      trackers: ['udp://one.example:80'],
      webSeeds: torrent.webSeeds,
    });
    expect(toHex(magnet.infoHash ?? new Uint8Array())).toBe(document.infoHash);
    const [source = ''] = magnet.exactSources;
    expect(hashesOf(parseTorrent(new Uint8Array(await (await fetch(source)).arrayBuffer())))).toEqual(
      hashesOf(torrent),
    );
    const text = await fetch(url, { headers: { accept: 'text/plain' } });
    expect(text.headers.get('content-type')).toMatch(/^text\/plain/);
    expect((await text.text()).trim()).toBe(document.magnetUri);
    const v2 = magnetSchema.parse(await (await fetch(`${url}?v=2`)).json());
    expect(v2.infoHash).toBeNull();
    expect(v2.magnetUri).not.toContain('btih');
  });
});

describe('no torrent is made of', () => {
  const gated: SampleRepo = { name: 'org/gated', card, gated: 'auto', files: { 'README.md': 'open\n', 'w.bin': big } };
  const hidden: SampleRepo = { name: 'org/private', card, private: true, files: { 'w.bin': big } };

  test('gated and private repos: the Hub’s own words, and 403 for whoever may read them', async () => {
    const hub = await sampleHub({ repos: [gated, hidden] });
    const token = `hf_${'r'.repeat(34)}`;
    hub.accounts.add({ token, user: 'reader', grants: ['org/gated', 'org/private'] });
    await using mirror = await startMirror({ hub });
    for (const path of ['org/gated/w.bin', 'org/gated', 'org/private/w.bin', 'org/private']) {
      for (const route of ['torrent', 'magnet', 'model']) {
        const response = await fetch(`${mirror.url}/${route}/${path}`);
        expect([path, response.status]).toEqual([path, 401]);
      }
    }
    expect((await fetch(`${mirror.url}/torrent/org/gated/w.bin`)).headers.get('x-error-code')).toBe('GatedRepo');
    for (const path of ['org/gated/w.bin', 'org/gated', 'org/private/w.bin', 'org/private']) {
      const response = await fetch(`${mirror.url}/torrent/${path}`, { headers: { authorization: `Bearer ${token}` } });
      expect([path, response.status]).toEqual([path, 403]);
      expect(response.headers.get('x-error-code')).toBe('NOT_REDISTRIBUTABLE');
    }
    const bytes = await fetch(`${mirror.url}/hf/org/gated/w.bin`, { headers: { authorization: `Bearer ${token}` } });
    expect([bytes.status, (await bytes.arrayBuffer()).byteLength]).toEqual([200, big.size]);
  });

  test('a forged pointer to the bytes of a private repo, whether it stands alone or in a repo', async () => {
    const hub = await sampleHub({ repos: [hidden] });
    const token = `hf_${'o'.repeat(34)}`;
    hub.accounts.add({ token, user: 'owner', grants: ['org/private'] });
    const { sha256 = '', size } = hub.file('org/private', 'w.bin');
    hub.addRepo({ name: 'forger/public', card, files: { 'stolen.bin': { pointer: { sha256, size } } } });
    await using mirror = await startMirror({ hub });
    const bytes = await fetch(`${mirror.url}/org/private/resolve/main/w.bin`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect((await bytes.arrayBuffer()).byteLength).toBe(size);
    for (const path of ['forger/public/stolen.bin', 'forger/public']) {
      const response = await fetch(`${mirror.url}/torrent/${path}?wait=20`);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect([path, response.status]).toEqual([path, expect.toSatisfy((status: number) => status >= 400)]);
      await until(async () => (await statusOf(mirror, path)).status === 'failed', 20);
    }
  });

  test('repos whose licence does not allow it, unless the operator says so', async () => {
    const repos: SampleRepo[] = [
      { name: 'org/vendor', card: { license: 'llama3.1' }, files: { 'a.txt': 'a\n' } },
      { name: 'org/unknown', files: { 'a.txt': 'a\n' } },
    ];
    await using strict = await setUp(repos);
    for (const name of ['org/vendor', 'org/unknown']) {
      const response = await fetch(`${strict.mirror.url}/torrent/${name}/a.txt`);
      expect([response.status, response.headers.get('x-error-code')]).toEqual([403, 'NOT_REDISTRIBUTABLE']);
      expect((await response.json()).error).toContain('--torrent-license');
      expect((await fetch(`${strict.mirror.url}/hf/${name}/a.txt`)).status).toBe(200);
    }
    await using lenient = await setUp(repos, { torrentLicenses: ['llama3.1'], torrentRepos: ['org/unk*'] });
    for (const name of ['org/vendor', 'org/unknown']) await torrentOf(lenient.mirror, `${name}/a.txt?wait=20`);
  });

  test('a repo that was gated meanwhile, once what is known of it is ten minutes old', async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + ahead };
    await using bed = await setUp([REPO], { clock });
    await torrentOf(bed.mirror, 'org/model/README.md?wait=20');
    bed.hub.updateRepo('org/model', { gated: 'auto' });
    ahead = 11 * 60_000;
    const response = await fetch(`${bed.mirror.url}/torrent/org/model/README.md`);
    expect([response.status, response.headers.get('x-error-code')]).toEqual([401, 'GatedRepo']);
    expect((await fetch(`${bed.mirror.url}/torrent/org/model`)).status).toBe(401);
  });

  test('a file of no bytes, and of nothing', async () => {
    await using bed = await setUp([REPO]);
    const empty = await fetch(`${bed.mirror.url}/torrent/org/model/empty.txt`);
    expect([empty.status, empty.headers.get('x-error-code')]).toEqual([400, 'BAD_TORRENT']);
    const none = await fetch(`${bed.mirror.url}/torrent/org/model/none.bin`);
    expect([none.status, none.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
    expect((await fetch(`${bed.mirror.url}/torrent/org`)).status).toBe(400);
    expect((await fetch(`${bed.mirror.url}/torrent/org/model?v=3`)).status).toBe(400);
    expect((await fetch(`${bed.mirror.url}/torrent/org/model`, { method: 'POST' })).status).toBe(405);
  });
});

describe('a failure', () => {
  test('is told as one, and the next try after it can succeed', async () => {
    await using bed = await setUp([REPO]);
    bed.hub.setFault({ path: 'sub/model.safetensors', host: 'cdn' }, { corruptAt: 3 * MIB });
    await until(async () => (await statusOf(bed.mirror, 'org/model/sub/model.safetensors')).status === 'failed', 30);
    const failed = await statusOf(bed.mirror, 'org/model/sub/model.safetensors');
    if (failed.status === 'failed') {
      expect(failed.code).toBe(502);
      expect(failed.error).toMatchObject({ code: 'INTEGRITY', message: expect.stringContaining('model.safetensors') });
    }
    bed.hub.clearFaults();
    await until(async () => (await statusOf(bed.mirror, 'org/model/sub/model.safetensors')).status === 'ready', 30);
  }, 90_000);
});

describe('files', () => {
  test('that two repos or revisions share are one blob with one root', async () => {
    await using bed = await setUp([
      { name: 'a/b_c', card, files: { 'w.bin': big, 'own.txt': 'of a/b_c\n' } },
      { name: 'a_b/c', card, files: { 'w.bin': big, 'own.txt': 'of a_b/c\n' } },
    ]);
    const one = await torrentOf(bed.mirror, 'a/b_c/w.bin?wait=30');
    const other = await torrentOf(bed.mirror, 'a_b/c/w.bin?wait=30');
    expect(hashesOf(other)).toEqual(hashesOf(one));
    const own = await Promise.all(
      ['a/b_c', 'a_b/c'].map(async (name) => (await fetch(`${bed.mirror.url}/hf/${name}/own.txt`)).text()),
    );
    expect(own).toEqual(['of a/b_c\n', 'of a_b/c\n']);
    bed.hub.push('a/b_c', { branch: 'next', files: { 'own.txt': 'new\n' } });
    expect(hashesOf(await torrentOf(bed.mirror, 'a/b_c@next/w.bin'))).toEqual(hashesOf(one));
    expect(bed.hub.bytesSent('a/b_c', 'w.bin') + bed.hub.bytesSent('a_b/c', 'w.bin')).toBeLessThan(big.size * 1.01);
    const countBlobs = async (): Promise<number> => {
      const found = await readdir(join(bed.mirror.dataDir, 'blobs'), { recursive: true, withFileTypes: true });
      return found.filter((entry) => entry.isFile()).length;
    };
    await until(async () => (await countBlobs()) === 3);
  });

  test('called x.torrent are just files', async () => {
    await using bed = await setUp([REPO]);
    expect(await (await fetch(`${bed.mirror.url}/hf/org/model/x.torrent`)).text()).toBe('just a file\n');
    expect((await torrentOf(bed.mirror, 'org/model/x.torrent?wait=20')).name).toBe('x.torrent');
  });
});

describe('/hf-stats', () => {
  test('tells who got what from where, also after a restart, and no private name', async () => {
    const hub = await sampleHub({
      repos: [REPO, { name: 'org/gated', card, gated: 'auto', files: { 'README.md': 'open to all\n' } }],
    });
    const dataDir = await tempDir();
    const read = async (mirror: TestMirror) => statsSchema.parse(await (await fetch(`${mirror.url}/hf-stats`)).json());
    const token = `hf_${'r'.repeat(34)}`;
    hub.accounts.add({ token, user: 'reader', grants: ['org/gated'] });
    const first = await startMirror({ hub, dataDir });
    for (let turn = 0; turn < 3; turn++) await download(`${first.url}/org/model/resolve/main/sub/model.safetensors`);
    await download(`${first.url}/hf/org/gated/README.md`, { headers: { authorization: `Bearer ${token}` } });
    const before = await read(first);
    expect(before.models).toHaveLength(1);
    expect(before.models[0]).toMatchObject({
      model: 'org/model',
      requests: 3,
      bytesToClients: 3 * big.size,
      bytesFromHub: big.size,
      bytesSaved: 2 * big.size,
    });
    expect(before.others).toMatchObject({ requests: 1, bytesToClients: 12 });
    expect(JSON.stringify(before)).not.toContain('gated');
    expect(before.cache.bytes).toBeGreaterThanOrEqual(big.size);
    await first.close();
    await using second = await startMirror({ hub, dataDir });
    expect((await read(second)).models).toEqual(before.models);
    await download(`${second.url}/org/model/resolve/main/sub/model.safetensors`);
    expect((await read(second)).models[0]?.requests).toBe(4);
  });
});

test('/-/api/openapi.json describes the routes, and its schemas are those of the answers', async () => {
  await using bed = await setUp([REPO]);
  const document = await (await fetch(`${bed.mirror.url}/-/api/openapi.json`)).json();
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/model/{repo}/{path}', '/torrent/{repo}/{path}', '/magnet/{repo}/{path}', '/hf-stats']),
  );
  expect(document.components.schemas.Status.required).toEqual(
    expect.arrayContaining(Object.keys(z.toJSONSchema(statusSchema).properties ?? {})),
  );
});
