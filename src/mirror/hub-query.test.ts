import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hubQuery } from './hub-query.ts';

const of = (text: string, names?: readonly string[]) => hubQuery(new URLSearchParams(text), names);

test('one question has one spelling', () => {
  expect(of('b=True&a=x%20y&b=true')).toBe('?a=x%20y&b=true');
  expect(of('a=x+y&b=TRUE')).toBe('?a=x%20y&b=true');
  expect(of('')).toBe('');
});

test('unknown parameters are left out where the known ones are named', () => {
  expect(of('blobs=1&utm=1', ['blobs'])).toBe('?blobs=1');
});

test('nothing is asked about Xet', () => {
  expect(of('expand=xetEnabled&expand=sha&expand[]=xetHash')).toBe('?expand=sha');
});

test('too many parameters are refused', () => {
  const text = Array.from({ length: 65 }, (_, index) => `a=${index}`).join('&');
  expect(() => of(text)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
});

test('any query stays the same question when it is written twice, and fits into a URL', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 20 }), (pairs) => {
      const once = hubQuery(new URLSearchParams(pairs));
      expect(once).toMatch(/^(\?[\x21-\x7e]+)?$/);
      expect(of(once)).toBe(once);
    }),
  );
});
