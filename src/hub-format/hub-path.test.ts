import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { parseHubPath } from './hub-path.ts';
import { apiPathname, canonicalPathname, resolvePathname } from './hub-urls.ts';
import { isRepoId, repoName } from './repo-id.ts';
import { MAX_PATH_LENGTH, MAX_PATHNAME_LENGTH, pathProblem, revisionProblem } from './repo-path.ts';

const model = (id: string) => ({ type: 'models', id }) as const;
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

describe('file routes', () => {
  test.each([
    ['/org/name/resolve/main/config.json', 'resolve', model('org/name'), 'main', 'config.json'],
    ['/gpt2/resolve/main/onnx/model.onnx', 'resolve', model('gpt2'), 'main', 'onnx/model.onnx'],
    ['/datasets/org/name/raw/v1.0/a%20b/%23.txt', 'raw', { type: 'datasets', id: 'org/name' }, 'v1.0', 'a b/#.txt'],
    ['/spaces/org/name/resolve/main/app.py', 'resolve', { type: 'spaces', id: 'org/name' }, 'main', 'app.py'],
    ['/datasets/squad/resolve/main/x', 'resolve', { type: 'datasets', id: 'squad' }, 'main', 'x'],
    ['/org/name/resolve/refs%2Fpr%2F1/x', 'resolve', model('org/name'), 'refs/pr/1', 'x'],
    ['/org/name/resolve/refs/pr/12/dir/x', 'resolve', model('org/name'), 'refs/pr/12', 'dir/x'],
    [
      '/org/name/resolve/refs/convert/parquet/0.parquet',
      'resolve',
      model('org/name'),
      'refs/convert/parquet',
      '0.parquet',
    ],
    ['/org/name/resolve/feature%2Fnew/dir%2Fx', 'resolve', model('org/name'), 'feature/new', 'dir/x'],
    ['/org%2Fname/resolve/main/x', 'resolve', model('org/name'), 'main', 'x'],
    ['/org/name/resolve/main/%D1%8F%2520.bin', 'resolve', model('org/name'), 'main', 'я%20.bin'],
    ['/org/resolve/resolve/main/x', 'resolve', model('org/resolve'), 'main', 'x'],
    ['/gpt2/resolve/main/resolve/x', 'resolve', model('gpt2'), 'main', 'resolve/x'],
    ['/org/name/resolve/refs/x', 'resolve', model('org/name'), 'refs', 'x'],
  ])('%s is read', (pathname, route, repo, revision, path) => {
    expect(parseHubPath(pathname)).toEqual({ route, repo, revision, path });
  });

  test.each([
    '/',
    '/org/name',
    '/org/name/tree/main',
    '/org/name/resolve',
    '/org/name/resolve/main',
    '/a/b/c/resolve/main/x',
    '/-/api/x',
    '/org/name.git/resolve/main/x',
  ])('%s is left to others', (pathname) => {
    expect(parseHubPath(pathname)).toEqual({ route: 'unknown' });
  });
});

describe('API routes', () => {
  test.each([
    ['/api/models/gpt2', { route: 'info', repo: model('gpt2') }],
    ['/api/models/org/name/', { route: 'info', repo: model('org/name') }],
    ['/api/models/org%2Fname', { route: 'info', repo: model('org/name') }],
    [
      '/api/spaces/org/name/revision/main',
      { route: 'revision', repo: { type: 'spaces', id: 'org/name' }, revision: 'main' },
    ],
    [
      '/api/models/org/name/revision/refs%2Fpr%2F1',
      { route: 'revision', repo: model('org/name'), revision: 'refs/pr/1' },
    ],
    ['/api/models/gpt2/tree/main', { route: 'tree', repo: model('gpt2'), revision: 'main', path: '' }],
    ['/api/models/o/n/tree/main/a%2Fb', { route: 'tree', repo: model('o/n'), revision: 'main', path: 'a/b' }],
    ['/api/models/o/n/tree/refs/pr/3/a/b', { route: 'tree', repo: model('o/n'), revision: 'refs/pr/3', path: 'a/b' }],
    ['/api/models/o/n/treesize/main/a', { route: 'treesize', repo: model('o/n'), revision: 'main', path: 'a' }],
    [
      '/api/datasets/o/n/paths-info/main',
      { route: 'paths-info', repo: { type: 'datasets', id: 'o/n' }, revision: 'main' },
    ],
    ['/api/models/o/n/refs', { route: 'refs', repo: model('o/n') }],
    ['/api/models/gpt2/refs', { route: 'refs', repo: model('gpt2') }],
    ['/api/models/o/n/commits/main', { route: 'commits', repo: model('o/n'), revision: 'main' }],
    ['/api/models/o/n/auth-check', { route: 'auth-check', repo: model('o/n') }],
    ['/api/models/o/n/xet-read-token/main', { route: 'xet-read-token', repo: model('o/n'), revision: 'main' }],
    [
      `/api/resolve-cache/models/o/n/${COMMIT}/a/b`,
      { route: 'resolve-cache', repo: model('o/n'), revision: COMMIT, path: 'a/b' },
    ],
    [
      `/api/resolve-cache/models/gpt2/${COMMIT}/b`,
      { route: 'resolve-cache', repo: model('gpt2'), revision: COMMIT, path: 'b' },
    ],
    ['/api/resolve-cache/models/o/n/main/a', { route: 'unknown' }],
    ['/api/models/o/n/discussions/3', { route: 'unknown', repo: model('o/n') }],
    ['/api/models', { route: 'unknown' }],
    ['/api/whoami-v2', { route: 'unknown' }],
    ['/api/models-tags-by-type', { route: 'unknown' }],
  ])('%s is read', (pathname, route) => {
    expect(parseHubPath(pathname)).toEqual(route);
  });
});

test.each([
  '/org/name/resolve/main/../../../etc/passwd',
  '/org/name/resolve/main/%2e%2e/x',
  '/org/name/resolve/main/a%2F..%2Fb',
  '/org/name/resolve/main//x',
  '/org/name/resolve/main/x/',
  '/org/name/resolve/main/%2Fetc',
  '/org/name/resolve/main/a%00b',
  '/org/name/resolve/main/a%0d%0ab',
  '/org/name/resolve/main/a\\b',
  '/org/name/resolve/a%5Cb/c',
  '/org/name/resolve/main/%zz',
  '/org/name/resolve/main/a?b',
  '/org/name/resolve/main/a#b',
  '/org/name/resolve/%2e%2e/x',
  '//evil.example/resolve/main/x',
  '/api/models/../x',
  'org/name',
  `/${'a'.repeat(MAX_PATHNAME_LENGTH)}`,
  `/org/name/resolve/main/${'a'.repeat(MAX_PATH_LENGTH + 1)}`,
  `/org/name/resolve/${'a'.repeat(300)}/x`,
])('a hostile path is refused: %.60s', (pathname) => {
  expect(() => parseHubPath(pathname)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
});

const piece = fc.oneof(
  fc.constantFrom(
    'api',
    'models',
    'datasets',
    'spaces',
    'org',
    'gpt2',
    'resolve',
    'raw',
    'tree',
    'refs',
    'pr',
    '1',
    'main',
    'convert',
  ),
  fc.constantFrom(
    '.',
    '..',
    '',
    '%2e%2E',
    '%2F',
    'a%2Fb',
    '%00',
    '%',
    '\\',
    '%5c',
    'resolve-cache',
    COMMIT,
    'x.git',
    '-',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => (text.isWellFormed() ? encodeURIComponent(text) : text)),
);

test('any path is either refused with BAD_REQUEST or read into parts that are valid', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        const route = parseHubPath(`/${pieces.join('/')}`);
        if ('repo' in route && route.repo) expect(isRepoId(route.repo.id)).toBe(true);
        if ('revision' in route) expect(revisionProblem(route.revision)).toBeUndefined();
        if ('path' in route && route.path !== '') expect(pathProblem(route.path)).toBeUndefined();
      } catch (error) {
        if (!isSwarmError(error, 'BAD_REQUEST')) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

const validSegment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((text) => pathProblem(text) === undefined && !text.includes('/'));
const validPath = fc.array(validSegment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
const repo = fc.record({
  type: fc.constantFrom('models' as const, 'datasets' as const, 'spaces' as const),
  id: fc
    .stringMatching(/^[a-z0-9]{1,8}\/[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/)
    .filter((id) => isRepoId(id) && !/\/(resolve|raw)$/.test(id)),
});

test('a path that was built is read back as it was meant', () => {
  fc.assert(
    fc.property(
      repo,
      validPath.filter((revision) => revision.length < 200),
      validPath,
      (repo, revision, path) => {
        expect(parseHubPath(resolvePathname(repo, revision, path))).toEqual({ route: 'resolve', repo, revision, path });
        expect(parseHubPath(apiPathname(repo, 'paths-info', revision))).toEqual({
          route: 'paths-info',
          repo,
          revision,
        });
        expect(canonicalPathname(resolvePathname(repo, revision, path))).toBe(resolvePathname(repo, revision, path));
      },
    ),
  );
});

test('a path that was built holds nothing but unreserved characters, escapes and slashes', () => {
  fc.assert(
    fc.property(repo, validPath, (repo, path) => {
      expect(resolvePathname(repo, 'main', path)).toMatch(/^[A-Za-z0-9\-_.!~*'()%/]+$/);
    }),
  );
});

test('parts that are not valid are never put into a URL', () => {
  const bad = expect.objectContaining({ code: 'BAD_REQUEST' });
  expect(() => resolvePathname(model('../x'), 'main', 'f')).toThrow(bad);
  expect(() => resolvePathname(model('a/b/c'), 'main', 'f')).toThrow(bad);
  expect(() => resolvePathname(model('a/b'), '..', 'f')).toThrow(bad);
  expect(() => resolvePathname(model('a/b'), 'main', 'a/../b')).toThrow(bad);
  expect(() => resolvePathname(model('a/b'), 'main', '\ud800')).toThrow(bad);
  expect(() => resolvePathname(model('a/b'), 'main', '')).toThrow(bad);
  expect(() => apiPathname(model(''))).toThrow(bad);
});

test('a path that is passed through is encoded in one way', () => {
  expect(canonicalPathname('/api/models/o%2Fn/x y/%7Euser/')).toBe('/api/models/o%2Fn/x%20y/~user/');
  expect(canonicalPathname('/')).toBe('/');
});

test('a repo is named as the Hub writes it in URLs', () => {
  expect([repoName(model('gpt2')), repoName({ type: 'datasets', id: 'a/b' })]).toEqual(['gpt2', 'datasets/a/b']);
});
