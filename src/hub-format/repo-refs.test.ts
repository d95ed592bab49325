import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { parseRepoRefs } from './repo-refs.ts';

const OID = 'a'.repeat(40);
const invalid = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

const main = { name: 'main', ref: 'refs/heads/main', targetCommit: OID };

test('missing lists are empty, pull requests stay absent', () => {
  expect(parseRepoRefs({ branches: [main] }, 'x')).toEqual({ branches: [main], tags: [], converts: [] });
  expect(parseRepoRefs({ branches: [], pullRequests: [main] }, 'x')).toMatchObject({ pullRequests: [main] });
});

test('a target that is no commit is refused', () => {
  expect(() => parseRepoRefs({ branches: [{ ...main, targetCommit: 'HEAD' }] }, 'x')).toThrow(invalid);
});

test('any JSON is either refused with UPSTREAM_INVALID or read into lines with a commit', () => {
  const line = fc.record({ name: fc.jsonValue(), ref: fc.string(), targetCommit: fc.constantFrom(OID, 'x', 1) });
  const document = fc.dictionary(fc.constantFrom('branches', 'tags', 'converts', 'pullRequests'), fc.array(line));
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (json) => {
      try {
        for (const { targetCommit } of parseRepoRefs(json, 'x').branches) expect(targetCommit).toBe(OID);
      } catch (error) {
        if (!isSwarmError(error, 'UPSTREAM_INVALID')) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
