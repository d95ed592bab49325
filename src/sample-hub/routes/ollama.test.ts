import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

interface Manifest {
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly digest: string; readonly mediaType: string; readonly size: number }[];
  readonly ggufFile?: { readonly rfilename: string };
}

const files = { 'm-F16.gguf': 'sixteen', 'm-Q8_0.gguf': 'eight', 'mmproj-m.gguf': 'projector' };
const repos = [{ name: 'org/gguf', files }];
const ollama = { 'user-agent': 'ollama/0.12.0' };

test('a tag names a quantisation, and its manifest the weights and what the hub makes of them', async () => {
  const hub = await sampleHub({ repos });
  const manifest = async (tag: string) =>
    (await ask(`${hub.url}/v2/org/gguf/manifests/${tag}`, { headers: ollama })).json<Manifest>();
  const layers = (await manifest('F16')).layers;
  expect(layers.map((layer) => layer.mediaType.split('.').at(-1))).toEqual([
    'model',
    'projector',
    'template',
    'params',
  ]);
  expect(layers[0]).toMatchObject({ digest: `sha256:${hub.file('org/gguf', 'm-F16.gguf').sha256}`, size: 7 });
  expect((await manifest('latest')).layers[0]?.digest).toBe(`sha256:${hub.file('org/gguf', 'm-Q8_0.gguf').sha256}`);
  expect((await manifest('q8_0')).layers[0]?.size).toBe(5);
  expect(await manifest('latest')).not.toHaveProperty('ggufFile');
  const llama = await ask(`${hub.url}/v2/org/gguf/manifests/latest`, { headers: { 'user-agent': 'llama-cpp/b6000' } });
  expect(llama.json<Manifest>().ggufFile).toMatchObject({ rfilename: 'm-Q8_0.gguf', size: 5 });
  expect(llama.headers.get('vary')).toBe('Origin,User-Agent');
});

test('an unknown tag and a model in several files are refused', async () => {
  const sharded = { 'm-Q8_0-00001-of-00002.gguf': '1', 'm-Q8_0-00002-of-00002.gguf': '2' };
  const hub = await sampleHub({ repos: [...repos, { name: 'org/sharded', files: sharded }] });
  for (const path of ['org/gguf/manifests/Q2_K', 'org/sharded/manifests/latest']) {
    const answer = await ask(`${hub.url}/v2/${path}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toHaveProperty('error');
  }
});

test('every blob of a manifest can be fetched as Ollama does', async () => {
  const hub = await sampleHub({ repos });
  const manifest = (await ask(`${hub.url}/v2/org/gguf/manifests/latest`, { headers: ollama })).json<Manifest>();
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const url = `${hub.url}/v2/org/gguf/blobs/${digest}`;
    const head = await ask(url, { method: 'HEAD', headers: ollama });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)]);
    let direct = await ask(url, { headers: ollama });
    let location = new URL(direct.headers.get('location') ?? '', url);
    if (direct.status === 307) {
      direct = await ask(location.href, { headers: ollama });
      expect(direct.status).toBe(307);
      location = new URL(direct.headers.get('location') ?? '');
      expect(location.origin).toBe(hub.cdnUrl);
    }
    const bytes = await ask(location.href, { headers: { range: `bytes=0-${size - 1}` } });
    expect(bytes.status).toBe(206);
    expect(`sha256:${createHash('sha256').update(bytes.bytes).digest('hex')}`).toBe(digest);
  }
  expect((await ask(`${hub.url}/v2/org/gguf/blobs/sha256:${'0'.repeat(64)}`)).status).toBe(404);
});

test('a gate is opened by an SSH key there, so it stays shut; a signed location needs no key', async () => {
  const hub = await sampleHub({ repos });
  const manifest = (await ask(`${hub.url}/v2/org/gguf/manifests/latest`)).json<Manifest>();
  const url = `${hub.url}/v2/org/gguf/blobs/${manifest.config.digest}`;
  const location = (await ask(url)).headers.get('location');
  hub.updateRepo('org/gguf', { gated: 'auto' });
  const refused = await ask(`${hub.url}/v2/org/gguf/manifests/latest`);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(`Basic realm="${hub.url}/api/models/org/gguf/ssh-auth"`);
  expect((await ask(url)).status).toBe(401);
  expect((await ask(url + location)).status).toBe(200);
});
