import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { isRepoId } from './repo-id.ts';
import { parseRepoInfo } from './repo-info.ts';

const OID = 'a'.repeat(40);
const invalid = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

const info = { _id: 'x', id: 'org/name', sha: OID, private: false, gated: false, disabled: false };

test.each([
  [false, false],
  ['auto', true],
  ['manual', true],
  [true, true],
])('gated: %s is read as %s', (gated, expected) => {
  expect(parseRepoInfo({ ...info, gated }, 'models', 'x')).toEqual({
    repo: { type: 'models', id: 'org/name' },
    commit: OID,
    private: false,
    gated: expected,
    disabled: false,
    licenses: [],
  });
});

test.each([
  [{ cardData: { license: 'MIT' }, tags: ['gguf', 'license:mit'] }, ['mit']],
  [
    { cardData: { license: ['mit', 'Apache-2.0'] }, tags: ['license:other', 'LICENSE: cc0-1.0'] },
    'apache-2.0 cc0-1.0 mit other'.split(' '),
  ],
  [{ cardData: null, tags: ['license:openrail'] }, ['openrail']],
  [{ cardData: { license: 'mit' } }, ['mit']],
  [{ cardData: { license: ['mit', 7, null, ['gpl'], '', ' ', 'x'.repeat(101), 'a\nb'] }, tags: 'license:x' }, ['mit']],
  [{ cardData: 'mit', tags: { 0: 'license:mit' } }, []],
  [{ cardData: { license: { name: 'mit' } }, tags: [1, null, 'license:'] }, []],
  [{}, []],
])('the licences of %o are %o', (change, licenses) => {
  expect(parseRepoInfo({ ...info, ...change }, 'models', 'x').licenses).toEqual(licenses);
});

test('of more licences than a repo can have, the first twenty count', () => {
  const license = Array.from({ length: 1000 }, (_, index) => `l${index}`);
  expect(parseRepoInfo({ ...info, cardData: { license } }, 'models', 'x').licenses).toEqual(
    license.slice(0, 20).sort(),
  );
});

test('what is not said counts against the repo', () => {
  expect(parseRepoInfo({ id: 'a/b', sha: OID }, 'models', 'x')).toMatchObject({ private: true, gated: true });
  expect(parseRepoInfo({ id: 'a/b', sha: OID, private: false }, 'spaces', 'x')).toMatchObject({
    private: false,
    gated: false,
  });
});

test.each([{ id: '../x' }, { sha: 'main' }, { sha: undefined }, { private: 'no' }])('%o is refused', (change) => {
  expect(() => parseRepoInfo({ ...info, ...change }, 'models', 'x')).toThrow(invalid);
});

test('any JSON is either refused with UPSTREAM_INVALID or read into a repo with a commit', () => {
  const field = fc.oneof(fc.constantFrom('org/name', OID, true, false), fc.jsonValue());
  const document = fc.dictionary(
    fc.constantFrom('id', 'sha', 'private', 'gated', 'disabled', 'tags', 'cardData'),
    field,
  );
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (json) => {
      try {
        const { repo, commit } = parseRepoInfo(json, 'models', 'x');
        expect([isRepoId(repo.id), commit.length]).toEqual([true, 40]);
      } catch (error) {
        if (!isSwarmError(error, 'UPSTREAM_INVALID')) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever a card and tags hold, the repo can be read, and its licences are few, short, sorted names', () => {
  const name = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }), fc.jsonValue());
  const card = fc.oneof(fc.record({ license: fc.oneof(name, fc.array(name, { maxLength: 40 })) }), fc.jsonValue());
  const tag = fc.oneof(
    fc.string().map((text) => `license:${text}`),
    fc.jsonValue(),
  );
  const tags = fc.oneof(fc.array(tag, { maxLength: 40 }), fc.jsonValue());
  fc.assert(
    fc.property(card, tags, (cardData, tags) => {
      const { licenses } = parseRepoInfo({ ...info, cardData, tags }, 'models', 'x');
      expect(licenses).toEqual([...new Set(licenses)].sort());
      expect(licenses.length).toBeLessThanOrEqual(20);
      for (const license of licenses) {
        expect(license).toBe(license.trim().toLowerCase());
        expect(license.length).toBeLessThanOrEqual(100);
      }
    }),
    { numRuns: 500 },
  );
});
