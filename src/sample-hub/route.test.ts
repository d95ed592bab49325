import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRoute } from './route.ts';

const parsed = (path: string): object => {
  const { withId: _withId, ...route } = parseRoute(path);
  return route;
};
const model = { type: 'models', id: 'org/name' };

test('files are addressed by ids of one or two segments, with and without a type', () => {
  expect(parsed('/org/name/resolve/main/a/b.txt')).toEqual({
    kind: 'resolve',
    repo: model,
    revision: 'main',
    path: 'a/b.txt',
  });
  expect(parsed('/gpt2/resolve/main/a')).toMatchObject({ kind: 'resolve', repo: { type: 'models', id: 'gpt2' } });
  expect(parsed('/datasets/org/name/raw/v1/a')).toMatchObject({
    kind: 'raw',
    repo: { type: 'datasets', id: 'org/name' },
  });
  expect(parsed('/spaces/org/name/resolve/main/a')).toMatchObject({ repo: { type: 'spaces', id: 'org/name' } });
  const commit = 'a'.repeat(40);
  expect(parsed(`/api/resolve-cache/models/org/name/${commit}/a`)).toMatchObject({
    kind: 'resolve-cache',
    revision: commit,
  });
});

test('revisions with slashes are read encoded and plain, paths with encoded slashes too', () => {
  for (const revision of ['refs%2Fpr%2F1', 'refs/pr/1']) {
    expect(parsed(`/org/name/resolve/${revision}/a%20b.txt`)).toMatchObject({ revision: 'refs/pr/1', path: 'a b.txt' });
    expect(parsed(`/api/models/org/name/tree/${revision}/x%2Fy`)).toMatchObject({
      kind: 'tree',
      revision: 'refs/pr/1',
      path: 'x/y',
    });
  }
});

test('the API is read for info, listings, refs and accounts', () => {
  expect(parsed('/api/models/gpt2')).toMatchObject({ kind: 'info', repo: { id: 'gpt2' } });
  expect(parsed('/api/models/org/name')).toMatchObject({ kind: 'info', repo: model });
  expect(parsed('/api/models/org/name/revision/HEAD')).toMatchObject({ kind: 'info', revision: 'HEAD' });
  expect(parsed('/api/models/gpt2/refs')).toMatchObject({ kind: 'refs', repo: { id: 'gpt2' } });
  expect(parsed('/api/datasets/org/name/paths-info/main')).toMatchObject({ kind: 'paths-info', revision: 'main' });
  expect(parsed('/api/models')).toMatchObject({ kind: 'list' });
  expect(parsed('/api/whoami-v2')).toMatchObject({ kind: 'whoami' });
  expect(parsed('/v2/org/name/blobs/sha256:00')).toMatchObject({ kind: 'blob', path: 'sha256:00' });
  for (const path of ['/', '/org/name', '/api', '/api/agent-harnesses', '/api/models/org/name/discussions', '/v2/']) {
    expect(parsed(path)).toEqual({ kind: 'other' });
  }
});

test('a route can be written for another repo id, the rest as it came', () => {
  expect(parseRoute('/api/models/old/tree/refs%2Fpr%2F1/x%2Fy').withId('org/new')).toBe(
    '/api/models/org/new/tree/refs%2Fpr%2F1/x%2Fy',
  );
  expect(parseRoute('/datasets/a/b/resolve/main/c%20d').withId('e/f')).toBe('/datasets/e/f/resolve/main/c%20d');
});

test('any path is parsed, or refused for its encoding', () => {
  const segment = fc.constantFrom(
    'api',
    'models',
    'datasets',
    'resolve',
    'tree',
    'refs',
    'org',
    'a%2Fb',
    '%',
    '..',
    '',
    'v2',
  );
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 9 }), (segments) => {
      try {
        expect(parseRoute(`/${segments.join('/')}`).kind).toBeTypeOf('string');
      } catch (error) {
        expect(error).toBeInstanceOf(URIError);
      }
    }),
    { numRuns: 2000 },
  );
});
