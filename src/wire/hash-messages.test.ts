import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../base/hex.ts';
import {
  decodeHashes,
  decodeHashRequest,
  encodeHashes,
  encodeHashRequest,
  type HashRequest,
  uncleCount,
} from './hash-messages.ts';

const root = Uint8Array.from({ length: 32 }, (_, index) => index);
const request: HashRequest = { root, base: 6, index: 1024, length: 512, proofLayers: 11 };

test('a request is its root and four numbers (BEP 52)', () => {
  const bytes = encodeHashRequest(request);
  expect(toHex(bytes)).toBe(`${toHex(root)}${'00000006'}${'00000400'}${'00000200'}${'0000000b'}`);
  expect(decodeHashRequest(bytes)).toEqual(request);
});

describe('the layers below the parent of the hashes count, but are not sent', () => {
  test.each([
    [{ length: 2, proofLayers: 0 }, 0],
    [{ length: 2, proofLayers: 1 }, 1],
    [{ length: 512, proofLayers: 8 }, 0],
    [{ length: 512, proofLayers: 9 }, 1],
    [{ length: 512, proofLayers: 11 }, 3],
    [{ length: 8192, proofLayers: 3 }, 0],
    [{ length: 1, proofLayers: 0 }, 1],
    [{ length: 1, proofLayers: 3 }, 4],
  ])('%j: %i', (span, count) => {
    expect(uncleCount(span)).toBe(count);
  });
});

test('hashes are read as they were written, and only as many as they must be', () => {
  const hashes = Uint8Array.from({ length: (512 + 3) * 32 }, (_, index) => index);
  expect(decodeHashes(encodeHashes(request, hashes))).toEqual({ request, hashes });
  for (const length of [0, 1, 512 * 32, hashes.length - 32, hashes.length - 1])
    expect(decodeHashes(encodeHashes(request, hashes.subarray(0, length)))).toBeUndefined();
});

describe('a request is refused', () => {
  test.each<[string, Partial<HashRequest>]>([
    ['for no hashes', { length: 0 }],
    ['for a number that is no power of two', { length: 3, index: 3 }],
    ['for too many', { length: 16_384, index: 0 }],
    ['for 2^31', { length: 2 ** 31, index: 0 }],
    ['for a place that is no multiple', { index: 1023 }],
    ['for a layer that no tree has', { base: 65 }],
    ['for layers that no tree has', { proofLayers: 2 ** 32 - 1 }],
  ])('%s', (_name, change) => {
    const bytes = encodeHashRequest({ ...request, ...change });
    expect(decodeHashRequest(bytes)).toBeUndefined();
    expect(decodeHashes(encodeHashes({ ...request, ...change }, new Uint8Array(32)))).toBeUndefined();
  });

  test('that has another length', () => {
    const bytes = encodeHashRequest(request);
    expect(decodeHashRequest(bytes.subarray(1))).toBeUndefined();
    expect(decodeHashRequest(Uint8Array.of(...bytes, 0))).toBeUndefined();
  });
});

test('random bytes are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      decodeHashRequest(bytes);
      decodeHashes(bytes);
    }),
  );
});
