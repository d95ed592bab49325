import { describe, expect, test } from 'vitest';
import type { RepoRef } from '../contracts/domain.ts';
import { createRedistributionRule, type RedistributionRules } from './redistribution.ts';

const repo: RepoRef = { type: 'models', id: 'org/name' };

function verdict(licenses: readonly string[] | undefined, rules: Partial<RedistributionRules> = {}, access = 'public') {
  const rule = createRedistributionRule({ licenses: () => licenses }, { licenses: [], repos: [], ...rules });
  return rule({ repo, access: access === 'public' ? 'public' : 'restricted' });
}

describe('a torrent may be made of', () => {
  test.each([[['mit']], [['apache-2.0']], [['cc-by-sa-4.0', 'mit']], [['openrail++']]])('%j', (licenses) => {
    expect(verdict(licenses)).toBeUndefined();
  });

  test('what the operator names, by licence or by repo', () => {
    expect(verdict(['llama3.1'], { licenses: ['Llama3.1'] })).toBeUndefined();
    expect(verdict(['other'], { repos: ['org/*'] })).toBeUndefined();
    expect(verdict([], { licenses: ['*'] })).toBeUndefined();
    expect(verdict(undefined, { licenses: ['*'] })).toBeUndefined();
  });
});

describe('no torrent may be made of', () => {
  test.each([
    ['a licence that is not known to allow it', ['llama3.1'], 'llama3.1'],
    ['two licences of which one does not allow it', ['mit', 'other'], 'other'],
    ['a non-commercial licence without derivatives', ['unknown'], 'unknown'],
    ['no licence', [], 'names no licence'],
    ['a repo that nothing is known of', undefined, 'names no licence'],
  ])('%s', (_name, licenses, words) => {
    expect(verdict(licenses)).toMatchObject({
      code: 'NOT_REDISTRIBUTABLE',
      message: expect.stringContaining(words),
    });
  });

  test('a gated or private repo, whatever the operator says about licences and repos', () => {
    const rules = { licenses: ['*'], repos: ['*'] };
    expect(verdict(['mit'], rules, 'restricted')).toMatchObject({
      code: 'NOT_REDISTRIBUTABLE',
      message: expect.stringContaining('gated or private'),
    });
  });
});
