import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

const token = `hf_${'a'.repeat(34)}`;
const model = (name: string, downloads: number, extra: object = {}) => ({
  name,
  files: { a: 'x' },
  card: { downloads, tags: ['gguf'], pipelineTag: 'text-generation', license: 'mit' },
  ...extra,
});
const repos = [
  model('org/llama', 5),
  model('org/bert', 9, { card: { downloads: 9, pipelineTag: 'fill-mask' } }),
  model('other/llama-2', 7),
  model('org/hidden', 99, { private: true }),
  { name: 'datasets/org/rows', files: {} },
];

test('repos are searched by name, author, tag and task, and sorted', async () => {
  const hub = await sampleHub({ repos, accounts: [{ token, user: 'reader', grants: ['org/hidden'] }] });
  const ids = async (query: string, headers: Record<string, string> = {}) =>
    (await ask(`${hub.url}/api/models?${query}`, { headers })).json<{ id: string }[]>().map(({ id }) => id);
  expect(await ids('search=LLAMA')).toEqual(['org/llama', 'other/llama-2']);
  expect(await ids('author=org')).toEqual(['org/llama', 'org/bert']);
  expect(await ids('filter=gguf&filter=license:mit&sort=downloads&direction=-1')).toEqual([
    'other/llama-2',
    'org/llama',
  ]);
  expect(await ids('pipeline_tag=fill-mask')).toEqual(['org/bert']);
  expect(await ids('author=org', { authorization: `Bearer ${token}` })).toContain('org/hidden');
  expect((await ask(`${hub.url}/api/datasets`)).json()).toMatchObject([{ id: 'org/rows' }]);
});

test('a list is paged by an absolute link, short unless full', async () => {
  const hub = await sampleHub({ repos });
  const first = await ask(`${hub.url}/api/models?limit=2`);
  expect(first.json<object[]>()).toHaveLength(2);
  expect(first.json<object[]>()[0]).not.toHaveProperty('siblings');
  const next = /<(http[^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  const second = await ask(`${next}&full=true`);
  expect(second.json()).toMatchObject([{ id: 'other/llama-2', siblings: [{ rfilename: 'a' }] }]);
  expect(second.headers.get('link')).toBeNull();
});
