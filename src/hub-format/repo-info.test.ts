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
  });
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
  const document = fc.dictionary(fc.constantFrom('id', 'sha', 'private', 'gated', 'disabled'), field);
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
