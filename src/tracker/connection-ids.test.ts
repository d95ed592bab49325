import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ConnectionIds } from './connection-ids.ts';
import { halfSipHash } from './half-sip-hash.ts';

describe('HalfSipHash-2-4', () => {
  const key = Uint32Array.of(0x03020100, 0x07060504);
  const message = Uint8Array.from({ length: 16 }, (_, at) => at);

  // `vectors_hsip64` of the reference implementation (https://github.com/veorq/SipHash, vectors.h): messages of 0, 1, 2 ... bytes.
  const VECTORS = [
    '218d1f59b9b83cc8',
    'be552412f8387315',
    '064f39ef7c50eb57',
    'ce0f1a45f7060679',
    'd5e78a175be52ea1',
    'cb9d7c3f2f3db580',
    'ce3e91358aa2bc25',
    'ff202728b07bc684',
    'edfee820bce4858c',
    '5b51cccc13888307',
    '95b0469f06a6f2ee',
  ];

  test.each([...VECTORS.entries()])('of %i bytes', (length, expected) => {
    const [low, high] = halfSipHash(key, message, length);
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(low, 0);
    bytes.writeUInt32LE(high, 4);
    expect(bytes.toString('hex')).toBe(expected);
  });
});

describe('a connection id', () => {
  const here = Uint8Array.of(10, 0, 0, 1, 4, 210);
  const there = Uint8Array.of(10, 0, 0, 1, 4, 211);

  test('is good for its address for a minute at least, and for two at most', () => {
    const clock = new ManualClock();
    const ids = new ConnectionIds(clock);
    const [high, low] = ids.create(here);
    expect(ids.isGood(high, low, here)).toBe(true);
    expect(ids.isGood(high, low, there)).toBe(false);
    clock.advance(60_000);
    expect(ids.isGood(high, low, here)).toBe(true);
    clock.advance(60_000);
    expect(ids.isGood(high, low, here)).toBe(false);
    expect(new ConnectionIds(clock).isGood(high, low, here)).toBe(false);
  });
});
