import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

const repos = [{ name: 'org/name', files: { a: '0' } }];

test('branches, tags, conversions and pull requests are listed, and resolve', async () => {
  const hub = await sampleHub({ repos });
  const first = hub.commit('org/name');
  hub.moveRef('org/name', 'refs/tags/v1', first);
  const main = hub.push('org/name', { files: { a: '1' } });
  const pull = hub.push('org/name', { branch: 'refs/pr/1', files: { a: '2' } });
  const converted = hub.push('org/name', { branch: 'refs/convert/parquet', files: { a: '3' } });
  expect((await ask(`${hub.url}/api/models/org/name/refs`)).json()).toEqual({
    tags: [{ name: 'v1', ref: 'refs/tags/v1', targetCommit: first }],
    branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: main }],
    converts: [{ name: 'parquet', ref: 'refs/convert/parquet', targetCommit: converted }],
  });
  expect((await ask(`${hub.url}/api/models/org/name/refs?include_prs=1`)).json()).toMatchObject({
    pullRequests: [{ name: '1', ref: 'refs/pr/1', targetCommit: pull }],
  });
  for (const [revision, commit] of [
    ['v1', first],
    ['HEAD', main],
    [first.slice(0, 7), first],
    [pull, pull],
    ['refs%2Fpr%2F1', pull],
    ['refs/pr/1', pull],
    ['refs/convert/parquet', converted],
  ] as const) {
    const { headers } = await ask(`${hub.url}/org/name/resolve/${revision}/a`);
    expect(headers.get('x-repo-commit')).toBe(commit);
  }
  const unknown = await ask(`${hub.url}/api/models/org/name/revision/${'0'.repeat(40)}`);
  expect(unknown).toMatchObject({ status: 404, text: `{"error":"Invalid rev id: ${'0'.repeat(40)}"}` });
});

test('a branch can be moved backwards', async () => {
  const hub = await sampleHub({ repos });
  const first = hub.commit('org/name');
  hub.push('org/name', { files: { a: '1' } });
  hub.moveRef('org/name', 'main', first);
  expect(hub.commit('org/name')).toBe(first);
  expect(() => hub.moveRef('org/name', 'main', 'f'.repeat(40))).toThrow(RangeError);
});

test('commits are listed newest first, in pages', async () => {
  const hub = await sampleHub({ repos });
  for (let count = 1; count <= 4; count += 1)
    hub.push('org/name', { files: { a: `${count}` }, message: `change ${count}` });
  const page = await ask(`${hub.url}/api/models/org/name/commits/main?limit=3`);
  expect(page.headers.get('x-total-count')).toBe('5');
  expect(page.json()).toMatchObject([
    { title: 'change 4', authors: [{ user: 'org' }] },
    { title: 'change 3' },
    { title: 'change 2' },
  ]);
  const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
  const last = await ask(next);
  expect(last.json()).toMatchObject([{ title: 'change 1' }, { title: 'initial commit' }]);
  expect(last.headers.get('link')).toBeNull();
});
