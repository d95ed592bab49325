import { expect, test } from 'vitest';
import { bearerToken, createCallerKeys } from './authorization.ts';

test.each([
  ['Bearer hf_abc', 'hf_abc'],
  ['bearer  hf_abc ', 'hf_abc'],
  ['Basic dXNlcjpw', undefined],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Bearer \u00e9', undefined],
  ['', undefined],
])('%j carries the token %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

test('a caller key hides the token, differs by token and means nothing in another process', () => {
  const keys = createCallerKeys();
  expect(keys(undefined)).toBe('');
  expect(keys('hf_abc')).toBe(keys('hf_abc'));
  expect(keys('hf_abc')).not.toBe(keys('hf_abd'));
  expect(keys('hf_abc')).not.toContain('hf_abc');
  expect(createCallerKeys()('hf_abc')).not.toBe(keys('hf_abc'));
});
