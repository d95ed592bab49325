import fc from 'fast-check';
import { expect, test } from 'vitest';
import { removeXetKeys } from './xet-signals.ts';

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
