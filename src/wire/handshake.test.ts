import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHandshake, encodeHandshake, HANDSHAKE_BYTES, startsLikeHandshake } from './handshake.ts';

const infoHash = Uint8Array.from({ length: 20 }, (_, index) => index);
const peerId = new TextEncoder().encode('-MS0100-abcdefghijkl');
const nothing = { extended: false, fast: false, dht: false, v2: false };

test('sets the bits that libtorrent sets', () => {
  const all = encodeHandshake({ infoHash, peerId, extended: true, fast: true, dht: true, v2: true });
  expect([...all.subarray(20, 28)]).toEqual([0, 0, 0, 0, 0, 0x10, 0, 0x15]);
  expect([...encodeHandshake({ infoHash, peerId, ...nothing }).subarray(20, 28)]).toEqual(Array(8).fill(0));
});

test('reads what it wrote', () => {
  fc.assert(
    fc.property(
      fc.record({ extended: fc.boolean(), fast: fc.boolean(), dht: fc.boolean(), v2: fc.boolean() }),
      (bits) => {
        expect(decodeHandshake(encodeHandshake({ infoHash, peerId, ...bits }))).toEqual({ infoHash, peerId, ...bits });
      },
    ),
  );
});

test('takes the first 20 bytes of a v2 info-hash', () => {
  const v2 = Uint8Array.from({ length: 32 }, (_, index) => 100 + index);
  expect(decodeHandshake(encodeHandshake({ infoHash: v2, peerId, ...nothing }))?.infoHash).toEqual(v2.subarray(0, 20));
});

test('is undefined for anything else', () => {
  const good = encodeHandshake({ infoHash, peerId, ...nothing });
  expect(decodeHandshake(good.subarray(0, HANDSHAKE_BYTES - 1))).toBeUndefined();
  for (let index = 0; index < 20; index++) {
    const bad = good.slice();
    bad[index] = (bad[index] ?? 0) ^ 1;
    expect(decodeHandshake(bad)).toBeUndefined();
    expect(startsLikeHandshake(bad.subarray(0, index + 1))).toBe(false);
    expect(startsLikeHandshake(good.subarray(0, index + 1))).toBe(true);
  }
});
