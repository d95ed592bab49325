import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { findLink, formatLinkHeader, hasRel, parseLinkHeader } from './link-header.ts';
import { rewriteLinks } from './rewrite-links.ts';

const NEXT = '<https://h/api/models/a/b/tree/main?cursor=a,b;c>; rel="next"';

test('commas and semicolons inside URLs and quotes do not split links', () => {
  const links = parseLinkHeader(`${NEXT}, </x>; rel="xet-auth other"; title="a, \\"b\\""; anchor`);
  expect(links.map(({ url }) => url)).toEqual(['https://h/api/models/a/b/tree/main?cursor=a,b;c', '/x']);
  expect(links[1]?.params).toEqual(
    new Map([
      ['rel', 'xet-auth other'],
      ['title', 'a, "b"'],
      ['anchor', ''],
    ]),
  );
  expect(links.map((link) => hasRel(link, 'XET-AUTH'.toLowerCase()))).toEqual([false, true]);
});

test('the target of a relation is found', () => {
  expect(findLink(NEXT, 'next')).toBe('https://h/api/models/a/b/tree/main?cursor=a,b;c');
  expect(findLink('</a>; rel=next', 'next')).toBe('/a');
  expect(findLink(null, 'next')).toBeUndefined();
});

test('what was written is read back', () => {
  const url = fc.webUrl({ withQueryParameters: true });
  const params = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string(), { maxKeys: 3, noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(fc.record({ url, params }), { maxLength: 4 }), (items) => {
      const links = items.map((item) => ({ url: item.url, params: new Map(Object.entries(item.params)) }));
      expect(parseLinkHeader(formatLinkHeader(links))).toEqual(links);
    }),
  );
});

test('any text is read in bounded time and without an error, unless it is absurdly long', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', ';', ',', '=', ' ', '\\', 'a') }), (text) => {
      expect(parseLinkHeader(text).length).toBeLessThanOrEqual(text.length);
    }),
  );
  expect(() => parseLinkHeader('<'.repeat(100_000))).toThrow(expect.objectContaining({ code: 'UPSTREAM_INVALID' }));
  expect(parseLinkHeader(`<a>${';a'.repeat(16_000)}`)).toHaveLength(1);
});

test('URLs of the Hub are moved to this server, absolute, and links to anywhere else are dropped', () => {
  const header = `${NEXT}, <https://other/x>; rel="next", </api/y?z=1>; rel="prev"`;
  expect(rewriteLinks(header, 'https://h', 'http://127.0.0.1:8080')).toBe(
    '<http://127.0.0.1:8080/api/models/a/b/tree/main?cursor=a,b;c>; rel="next", <http://127.0.0.1:8080/api/y?z=1>; rel="prev"',
  );
  expect(rewriteLinks('<https://h/hf/api/x>; rel="next"', 'https://h/hf', 'http://m/p')).toBe(
    '<http://m/p/api/x>; rel="next"',
  );
  expect(rewriteLinks('<https://h/hfx/api>; rel="next"', 'https://h/hf', 'http://m')).toBeUndefined();
  expect(rewriteLinks('<http://>; rel="next"', 'https://h', 'http://m')).toBeUndefined();
  expect(rewriteLinks(null, 'https://h', 'http://m')).toBeUndefined();
});

test('relations of Xet are dropped, also when they lead to the Hub', () => {
  const xet =
    '<https://h/api/models/a/b/xet-read-token/c>; rel="xet-auth", </v1/r>; rel="xet-reconstruction-info other"';
  expect(rewriteLinks(xet, 'https://h', 'http://m')).toBeUndefined();
  expect(rewriteLinks(`${xet}, </next>; rel="next"`, 'https://h', 'http://m')).toBe('<http://m/next>; rel="next"');
});

test('whatever the header says, a rewritten link leads to this server', () => {
  const unit = fc.constantFrom(...'<>;,=" \\/', 'rel', 'next', 'https://h/', 'https://evil/', '..');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (value) => {
      try {
        for (const link of parseLinkHeader(rewriteLinks(value, 'https://h', 'http://m')))
          expect(link.url).toMatch(/^http:\/\/m\//);
      } catch (error) {
        if (!isSwarmError(error, 'UPSTREAM_INVALID')) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
