import fc from 'fast-check';
import { expect, test } from 'vitest';
import { etagHash, normalizeEtag } from './etag.ts';

test('an ETag is read whether it is weak, quoted or bare', () => {
  const oid = 'a'.repeat(40);
  const sha256 = 'b'.repeat(64);
  for (const text of [`"${oid}"`, `W/"${oid}"`, oid, `"${oid.toUpperCase()}"`])
    expect(etagHash(text)).toEqual({ gitOid: oid });
  expect(etagHash(`"${sha256}"`)).toEqual({ sha256 });
  expect(etagHash(`"${'*'.repeat(64)}"`)).toBeUndefined();
  expect(normalizeEtag(null)).toBe('');
  expect(normalizeEtag(`"${'x'.repeat(2000)}"`)).toBe('');
});

test('any text is read as a hash in lower case, or not at all', () => {
  const unit = fc.constantFrom('W/', '"', 'a'.repeat(20), 'B'.repeat(20), '0123', '*');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
      const hash = etagHash(text);
      if (hash) expect(Object.values(hash)[0]).toMatch(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
    }),
  );
});
