import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSignedUrl, signUrl } from './signed-url.ts';

const TARGET = { objectId: 'a'.repeat(24), hash: 'b'.repeat(64), contentDisposition: `inline; filename="x";` };
const EXPIRES = 1_700_003_600;
const signed = signUrl('http://cdn', TARGET, EXPIRES, 'key').slice('http://cdn'.length);

test('a signed URL is good until it expires', () => {
  expect(readSignedUrl(signed, EXPIRES - 1, 'key')).toEqual(TARGET);
  expect(readSignedUrl(signed, EXPIRES, 'key')).toBeUndefined();
});

test('another key, or any changed character, makes it worthless', () => {
  expect(readSignedUrl(signed, EXPIRES - 1, 'other key')).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.constantFrom(...'0aZ&=-'), (index, character) => {
      const changed = signed.slice(0, index) + character + signed.slice(index + 1);
      fc.pre(changed !== signed);
      expect(readSignedUrl(changed, EXPIRES - 1, 'key')).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
