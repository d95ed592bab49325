import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../base/hex.ts';
import { Rc4 } from './rc4.ts';

const keyStream = (key: string, offset: number, length: number): string => {
  const rc4 = new Rc4(fromHex(key));
  rc4.discard(offset);
  const bytes = new Uint8Array(length);
  rc4.apply(bytes);
  return toHex(bytes);
};

describe('the key stream is that of RFC 6229', () => {
  test.each([
    ['0102030405', 0, 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405', 16, '6982944f18fc82d589c403a47a0d0919'],
    ['0102030405', 1024, '30abbcc7c20b01609f23ee2d5f6bb7df'],
    ['0102030405060708090a0b0c0d0e0f10', 0, '9ac7cc9a609d1ef7b2932899cde41b97'],
    ['0102030405060708090a0b0c0d0e0f10', 1024, 'bdf0324e6083dcc6d3cedd3ca8c53c16'],
    ['0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20', 0, 'eaa6bd25880bf93d3f5d1e4ca2611d91'],
  ])('of key %s at %i', (key, offset, expected) => {
    expect(keyStream(key, offset, 16)).toBe(expected);
  });
});

test('bytes are the same in parts of any size, at any place of a buffer, and nothing beside them changes', () => {
  const whole = fromHex(keyStream('0102030405', 0, 3000));
  const part = fc.record({ length: fc.nat(40), place: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const rc4 = new Rc4(fromHex('0102030405'));
      let position = 0;
      for (const { length, place } of parts) {
        const buffer = new Uint8Array(60).fill(7);
        rc4.apply(buffer.subarray(place, place + length));
        const expected = new Uint8Array(60).fill(7);
        for (let index = 0; index < length; index++) expected[place + index] = 7 ^ (whole[position + index] ?? 0);
        expect(buffer).toEqual(expected);
        position += length;
      }
    }),
  );
});
