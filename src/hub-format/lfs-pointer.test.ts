import fc from 'fast-check';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import { toHex } from '../base/hex.ts';
import { gitBlobHeader } from './git-blob.ts';
import { encodeLfsPointer, lfsPointerGitObject, parseLfsPointer } from './lfs-pointer.ts';

const HELLO = { sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03', size: 6 };

test('the git oid of the pointer of "hello\\n" is the one that git computes', async () => {
  expect(encodeLfsPointer(HELLO)).toHaveLength(126);
  expect(toHex(platform.digest('SHA-1', lfsPointerGitObject(HELLO)))).toBe('fa61e1ef71c9908c0926776a4aa3504b3a27f159');
});

test('the git oid of the empty blob is the SHA-1 of its header', async () => {
  expect(toHex(platform.digest('SHA-1', gitBlobHeader(0)))).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
});

test('a pointer is read back as it was written', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), fc.maxSafeNat(), (sha256, size) => {
      expect(parseLfsPointer(encodeLfsPointer({ sha256, size }))).toEqual({ sha256, size });
    }),
  );
});

test.each([
  ['CRLF', encodeLfsPointer(HELLO).replaceAll('\n', '\r\n')],
  ['no line end', encodeLfsPointer(HELLO).trimEnd()],
  ['leading zero', encodeLfsPointer(HELLO).replace('size 6', 'size 06')],
  ['upper case', encodeLfsPointer({ ...HELLO, sha256: HELLO.sha256.toUpperCase() })],
  ['unsafe size', encodeLfsPointer(HELLO).replace('size 6', 'size 9999999999999999')],
  ['extra text', `${encodeLfsPointer(HELLO)}x`],
])('text that only resembles a pointer is none: %s', (_, text) => {
  expect(parseLfsPointer(text)).toBeUndefined();
});

test('any text is either a pointer that writes back to itself, or none', () => {
  const almost = fc.tuple(fc.nat(140), fc.string({ maxLength: 3 })).map(([at, text]) => {
    const pointer = encodeLfsPointer(HELLO);
    return pointer.slice(0, at) + text + pointer.slice(at + text.length);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (text) => {
      const pointer = parseLfsPointer(text);
      if (pointer) expect(encodeLfsPointer(pointer)).toBe(text);
    }),
  );
});
