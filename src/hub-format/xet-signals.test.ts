import fc from 'fast-check';
import { expect, test } from 'vitest';
import { removeXetHeaders, removeXetKeys } from './xet-signals.ts';

test('xet keys are removed at any depth, and nothing else is', () => {
  const json = [
    { path: 'a', xetHash: 'x', lfs: { oid: 1, xetHash: 2 } },
    { xetEnabled: true, list: [[{ xetHash: 1, b: null }]] },
  ];
  removeXetKeys(json);
  expect(json).toEqual([{ path: 'a', lfs: { oid: 1 } }, { list: [[{ b: null }]] }]);
});

test('any document is clean afterwards', () => {
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(1, 'xetHash', null),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('xetHash', 'xetEnabled', 'a', '__proto__'), tie('json')),
    ),
  }));
  fc.assert(
    fc.property(json, (value) => {
      const copy: unknown = JSON.parse(JSON.stringify(value));
      removeXetKeys(copy);
      expect(JSON.stringify(copy)).not.toMatch(/"xet(Hash|Enabled)":/);
    }),
  );
});

test('a document that is nested too deeply is refused', () => {
  const json: unknown = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`);
  expect(() => removeXetKeys(json)).toThrow(expect.objectContaining({ code: 'UPSTREAM_INVALID' }));
});

test('xet headers and link relations are removed, other links stay', () => {
  const headers = new Headers({
    'x-xet-hash': 'a',
    'X-Xet-Refresh-Route': '/x',
    'x-repo-commit': 'c',
    link: '</api/token>; rel="xet-auth", </next>; rel="next", </r>; rel="xet-reconstruction-info"',
  });
  removeXetHeaders(headers);
  expect([...headers]).toEqual([
    ['link', '</next>; rel="next"'],
    ['x-repo-commit', 'c'],
  ]);
});

test('a Link header that held nothing but xet is removed, malformed parts included', () => {
  const headers = new Headers({ link: '</api/token>; rel="xet-auth", garbage xet-reconstruction-info' });
  removeXetHeaders(headers);
  expect(headers.has('link')).toBe(false);
});

test('a Link header without xet is left as it is', () => {
  const headers = new Headers({ link: '</a>;rel=next' });
  removeXetHeaders(headers);
  expect(headers.get('link')).toBe('</a>;rel=next');
});
