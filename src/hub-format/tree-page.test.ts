import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { pathProblem } from './repo-path.ts';
import { parseTreePage } from './tree-page.ts';

const OID = 'a'.repeat(40);
const SHA256 = 'b'.repeat(64);
const invalid = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

test('files, LFS files and directories are told apart, other types are left out', () => {
  const page = parseTreePage(
    [
      { type: 'directory', oid: OID, size: 0, path: 'onnx' },
      { type: 'file', oid: OID, size: 665, path: 'config.json', lastCommit: { id: OID } },
      {
        type: 'file',
        oid: OID,
        size: 9,
        path: 'onnx/m',
        lfs: { oid: SHA256, size: 9, pointerSize: 126 },
        xetHash: SHA256,
      },
      { type: 'unknown', path: '..' },
    ],
    'a/b',
  );
  expect(page).toEqual({
    entries: [
      { path: 'config.json', size: 665, gitOid: OID },
      { path: 'onnx/m', size: 9, gitOid: OID, sha256: SHA256, xetHash: SHA256 },
    ],
    directories: [{ path: 'onnx', gitOid: OID }],
  });
});

test('a masked xet hash is absent', () => {
  const page = parseTreePage([{ type: 'file', oid: OID, size: 1, path: 'x', xetHash: '*'.repeat(64) }], 'a/b');
  expect(page.entries).toEqual([{ path: 'x', size: 1, gitOid: OID }]);
});

test.each([
  ['a masked SHA-256', { lfs: { oid: '*'.repeat(64), size: 1 } }],
  ['a short oid', { oid: 'abc' }],
  ['an oid in upper case', { oid: 'A'.repeat(40) }],
  ['a negative size', { size: -1 }],
  ['a fractional size', { size: 1.5 }],
  ['an unsafe size', { size: 2 ** 53 }],
  ['two sizes', { lfs: { oid: SHA256, size: 2 } }],
  ['a path that climbs', { path: '../x' }],
  ['an absolute path', { path: '/x' }],
  ['NUL', { path: 'a\0b' }],
  ['no path', { path: undefined }],
])('a listing with %s is refused', (_, change) => {
  expect(() => parseTreePage([{ type: 'file', oid: OID, size: 1, path: 'x', ...change }], 'a/b')).toThrow(invalid);
});

test('an error document in place of a listing is refused', () => {
  expect(() => parseTreePage({ error: 'no' }, 'a/b')).toThrow(invalid);
});

test('any JSON is either refused with UPSTREAM_INVALID or read into entries that are valid', () => {
  const item = fc.record(
    {
      type: fc.constantFrom('file', 'directory', 'unknown', 1),
      oid: fc.oneof(fc.constant(OID), fc.string()),
      size: fc.oneof(fc.nat(), fc.double(), fc.string()),
      path: fc.oneof(fc.constantFrom('a/b', '../x'), fc.string({ unit: 'binary' })),
      lfs: fc.oneof(fc.constantFrom(null, { oid: SHA256, size: 1 }), fc.jsonValue()),
      xetHash: fc.oneof(fc.constant(SHA256), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(item, { maxLength: 3 }), fc.jsonValue()), (json) => {
      try {
        for (const entry of parseTreePage(json, 'x').entries) expect(pathProblem(entry.path)).toBeUndefined();
      } catch (error) {
        if (!isSwarmError(error, 'UPSTREAM_INVALID')) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
