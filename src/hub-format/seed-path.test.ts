import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { parseRepoSeedPath, parseSeedPath } from './seed-path.ts';
import { repoSeedPathname, seedPathname } from './seed-urls.ts';

const COMMIT = 'a'.repeat(40);

describe('a seed route', () => {
  test.each([
    ['/hf/org/model/a/b.bin', 'models', 'org/model', undefined, 'a/b.bin'],
    ['/torrent/org/model', 'models', 'org/model', undefined, ''],
    ['/torrent/org/model/', 'models', 'org/model', undefined, ''],
    ['/magnet/datasets/org/data@v1/x.csv', 'datasets', 'org/data', 'v1', 'x.csv'],
    ['/model/spaces/org/app@refs%2Fpr%2F3/app.py', 'spaces', 'org/app', 'refs/pr/3', 'app.py'],
    [`/hf/org/model@${COMMIT}/x.torrent`, 'models', 'org/model', COMMIT, 'x.torrent'],
    ['/hf/org/model/resolve/main/@odd%20name', 'models', 'org/model', undefined, 'resolve/main/@odd name'],
  ])('%s', (pathname, type, id, revision, path) => {
    expect(parseSeedPath(pathname)).toEqual({ route: pathname.split('/')[1], repo: { type, id }, revision, path });
  });

  test('of another name is somebody else’s', () => {
    expect(parseSeedPath('/org/model/resolve/main/x')).toBeUndefined();
    expect(parseRepoSeedPath('/hf/org/model/x')).toBeUndefined();
  });

  test.each([
    '/hf/org',
    '/torrent/datasets/org',
    '/hf/org/../x/y',
    '/hf/org/model@/x',
    '/hf/org/model@a%5Cb/x',
    '/hf//model/x',
  ])('%s is refused', (pathname) => {
    expect(() => parseSeedPath(pathname)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  test('reads back what was written, whatever the file is called', () => {
    // No name in git holds a slash. (One at the very end is dropped when read, so it would not come back.)
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (segments) => {
        const subject = {
          repo: { type: 'datasets', id: 'org/name' },
          commit: COMMIT,
          path: segments.join('/'),
        } as const;
        try {
          const { repo, revision, path } = parseSeedPath(seedPathname('hf', subject)) ?? {};
          expect({ repo, commit: revision, path }).toEqual(subject);
        } catch (error) {
          if (!isSwarmError(error, 'BAD_REQUEST')) throw error;
        }
      }),
    );
  });
});

describe('the web seed of a repo', () => {
  test('is read with the name and path that clients append', () => {
    const repo = { type: 'models', id: 'org/model' } as const;
    const seed = repoSeedPathname({ repo, commit: COMMIT });
    expect(seed.endsWith('/')).toBe(true);
    expect(parseRepoSeedPath(`${seed}model/sub/%C3%BC.bin`)).toEqual({
      repo,
      commit: COMMIT,
      name: 'model',
      path: 'sub/ü.bin',
    });
    expect(parseRepoSeedPath(`/v1/models/org/model/${COMMIT}/model/x`)?.repo).toEqual(repo);
    expect(parseRepoSeedPath(`/v1/datasets/org/model/${COMMIT}/model/x`)?.repo.type).toBe('datasets');
  });

  test.each([`/v1/org/model/main/model/x`, `/v1/org/model/${COMMIT}/model`, `/v1/org/${COMMIT}/model/x`])(
    '%s is refused',
    (pathname) => {
      expect(() => parseRepoSeedPath(pathname)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    },
  );
});
