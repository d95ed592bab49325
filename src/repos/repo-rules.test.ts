import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RepoRef } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import { createRuleCheck, type RepoRules } from './repo-rules.ts';

const model = (id: string): RepoRef => ({ type: 'models', id });
const dataset = (id: string): RepoRef => ({ type: 'datasets', id });

function passes(rules: RepoRules, repo: RepoRef): boolean {
  try {
    createRuleCheck(rules)(repo);
    return true;
  } catch (error) {
    if (isSwarmError(error, 'NOT_ALLOWED')) return false;
    throw error;
  }
}

test('without rules every repo passes', () => {
  expect(passes({}, model('org/name'))).toBe(true);
  expect(passes({ allow: [], deny: [] }, dataset('squad'))).toBe(true);
});

test('an allow pattern lets through what it names, and datasets only with their prefix', () => {
  const rules = { allow: ['org/*', 'datasets/data-org/train*'] };
  expect(passes(rules, model('org/name'))).toBe(true);
  expect(passes(rules, model('other/name'))).toBe(false);
  expect(passes(rules, model('org'))).toBe(false);
  expect(passes(rules, dataset('org/name'))).toBe(false);
  expect(passes(rules, dataset('data-org/train-2'))).toBe(true);
  expect(passes(rules, dataset('data-org/test'))).toBe(false);
});

test('a deny pattern wins over allow', () => {
  const rules = { allow: ['org/*'], deny: ['org/secret-*'] };
  expect(passes(rules, model('org/open'))).toBe(true);
  expect(passes(rules, model('org/secret-1'))).toBe(false);
});

test('another spelling of a denied name is denied too', () => {
  expect(passes({ deny: ['Org/Secret'] }, model('oRG/sECRET'))).toBe(false);
});

test('the error names the repo and the rules', () => {
  expect(() => createRuleCheck({ deny: ['*'] })(dataset('org/name'))).toThrow(/datasets\/org\/name.*--deny/);
});

test('patterns match exactly what the equivalent regular expression matches', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', '*'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (allow, id) => {
      const expected = new RegExp(`^${allow.replaceAll('*', '.*')}$`).test(id);
      expect(passes({ allow: [allow] }, model(id))).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});
