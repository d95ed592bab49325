import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

const card = {
  license: 'mit',
  tags: ['gguf'],
  pipelineTag: 'text-generation',
  downloads: 7,
  gguf: { architecture: 'llama' },
};
const repos = [
  { name: 'org/name', files: { 'config.json': '{}', 'd/m.bin': new Uint8Array(99) }, card },
  { name: 'datasets/org/rows', files: { 'a.csv': 'x' } },
  { name: 'spaces/org/app', files: { 'app.py': '' }, card: { sdk: 'gradio' } },
];

test('a model describes itself at a revision, compactly written', async () => {
  const hub = await sampleHub({ repos });
  const answer = await ask(`${hub.url}/api/models/org/name/revision/HEAD`);
  expect(answer.json()).toMatchObject({
    id: 'org/name',
    modelId: 'org/name',
    author: 'org',
    sha: hub.commit('org/name'),
    lastModified: '2024-01-01T00:00:00.000Z',
    private: false,
    gated: false,
    disabled: false,
    downloads: 7,
    tags: ['gguf', 'license:mit'],
    pipeline_tag: 'text-generation',
    cardData: { license: 'mit' },
    siblings: [{ rfilename: 'config.json' }, { rfilename: 'd/m.bin' }],
    gguf: { architecture: 'llama' },
    usedStorage: 101,
  });
  expect(answer.text).toContain('"rfilename":"config.json"');
});

test('blobs adds sizes and hashes under the names of this route', async () => {
  const hub = await sampleHub({ repos });
  const model = hub.file('org/name', 'd/m.bin');
  const info = (await ask(`${hub.url}/api/models/org/name?blobs=True&securityStatus=1`)).json();
  expect(info).toMatchObject({
    siblings: [
      { rfilename: 'config.json', size: 2, blobId: hub.file('org/name', 'config.json').gitOid },
      {
        rfilename: 'd/m.bin',
        size: 99,
        blobId: model.gitOid,
        lfs: { sha256: model.sha256, size: 99, pointerSize: 127 },
      },
    ],
    securityRepoStatus: { scansDone: true },
  });
});

test('expand leaves only what was asked for', async () => {
  const hub = await sampleHub({ repos });
  const info = (await ask(`${hub.url}/api/models/org/name?expand=sha&expand=gated&expand=unknown`)).json<object>();
  expect(Object.keys(info).sort()).toEqual(['_id', 'gated', 'id', 'modelId', 'sha']);
  const xet = async () => (await ask(`${hub.url}/api/models/org/name?expand=xetEnabled`)).json();
  expect(await xet()).toHaveProperty('xetEnabled', true);
  hub.setFault('*', { xet: false });
  expect(await xet()).not.toHaveProperty('xetEnabled');
});

test('datasets and Spaces have their own fields', async () => {
  const hub = await sampleHub({ repos });
  const dataset = (await ask(`${hub.url}/api/datasets/org/rows`)).json<object>();
  expect(dataset).toMatchObject({ id: 'org/rows', description: '' });
  expect(dataset).not.toHaveProperty('modelId');
  expect((await ask(`${hub.url}/api/spaces/org/app`)).json()).toMatchObject({ sdk: 'gradio', subdomain: 'org-app' });
});

test('JSON has a weak ETag that is honoured', async () => {
  const hub = await sampleHub({ repos });
  const url = `${hub.url}/api/models/org/name`;
  const etag = (await ask(url)).headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"/);
  expect((await ask(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  hub.push('org/name', { files: { new: 'x' } });
  expect((await ask(url, { headers: { 'if-none-match': etag } })).status).toBe(200);
});

test('old and differently cased ids are redirected relatively, the rest of the URL kept', async () => {
  const hub = await sampleHub({ repos: [{ name: 'org/name', files: {}, aliases: ['gpt2'] }] });
  const location = async (path: string) => (await ask(hub.url + path)).headers.get('location');
  expect(await location('/api/models/gpt2')).toBe('/api/models/org/name');
  expect(await location('/api/models/gpt2/tree/main?recursive=true')).toBe(
    '/api/models/org/name/tree/main?recursive=true',
  );
  expect(await location('/api/models/ORG/Name/revision/main')).toBe('/api/models/org/name/revision/main');
  hub.updateRepo('org/name', { id: 'new-org/name' });
  expect(await location('/api/models/org/name')).toBe('/api/models/new-org/name');
  expect(await location('/api/models/gpt2')).toBe('/api/models/new-org/name');
});
