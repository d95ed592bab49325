import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { formatMagnet, parseMagnet } from './magnet.ts';

const v1 = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const v2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';
const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

describe('a magnet link', () => {
  test('has a v1 hash as hex in any case, or as base32', () => {
    expect(hex(parseMagnet(`magnet:?xt=urn:btih:${v1}`).infoHash)).toBe(v1);
    expect(hex(parseMagnet(`MAGNET:?XT=URN:BTIH:${v1.toUpperCase()}`).infoHash)).toBe(v1);
    // Of the same 20 bytes: RFC 4648.
    expect(hex(parseMagnet('magnet:?xt=urn:btih:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK').infoHash)).toBe(v1);
    expect(hex(parseMagnet('magnet:?xt=urn:btih:yex6dqdlxisuvhoj6um3gnnkpqjwpkek').infoHash)).toBe(v1);
  });

  test('has a v2 hash as a multihash, alone or beside v1 (BEP 52)', () => {
    expect(parseMagnet(`magnet:?xt=urn:btmh:1220${v2}`).infoHash).toBeUndefined();
    const hybrid = parseMagnet(`magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}`);
    expect([hex(hybrid.infoHash), hex(hybrid.infoHashV2)]).toEqual([v1, v2]);
    expect(hex(parseMagnet(`magnet:?xt.1=urn:btih:${v1}&xt.2=urn:btmh:1220${v2}`).infoHashV2)).toBe(v2);
  });

  test('has a name, a length, trackers, web seeds, sources, peers and a selection', () => {
    const link =
      `magnet:?xt=urn:btih:${v1}&dn=big+model%20%C3%A9&xl=12345&tr=http%3A%2F%2Ft.example%2Fannounce&tr=udp://u.example:6969` +
      '&ws=http://w.example/f%2520g&xs=http://s.example/f.torrent&x.pe=127.0.0.1:6881&x.pe=[::1]:6882&so=0,2,4-6&unknown=1';
    expect(parseMagnet(link)).toMatchObject({
      name: 'big model é',
      length: 12345,
      trackers: ['http://t.example/announce', 'udp://u.example:6969'],
      webSeeds: ['http://w.example/f%20g'],
      exactSources: ['http://s.example/f.torrent'],
      peers: ['127.0.0.1:6881', '[::1]:6882'],
      select: [
        [0, 0],
        [2, 2],
        [4, 6],
      ],
    });
  });

  test('without them has none, and a length that is none is left out', () => {
    const bare = { trackers: [], webSeeds: [], exactSources: [], peers: [] };
    expect(parseMagnet(`magnet:?xt=urn:btih:${v1}&xl=many&dn=`)).toEqual({ infoHash: expect.anything(), ...bare });
  });

  test.each([
    ['', 'does not begin'],
    ['http://x', 'does not begin'],
    ['magnet:?dn=x', 'no info-hash'],
    ['magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C', 'no info-hash'],
    [`magnet:?xt=urn:btih:${v1.slice(1)}`, 'neither 40 hex'],
    [`magnet:?xt=urn:btih:${v1}0`, 'neither 40 hex'],
    ['magnet:?xt=urn:btih:0EX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK', 'neither 40 hex'],
    [`magnet:?xt=urn:btmh:1114${v1}`, 'no SHA-256 multihash'],
    [`magnet:?xt=urn:btmh:${v2}`, 'no SHA-256 multihash'],
    [`magnet:?xt=urn:btih:${v1}&so=3-1`, 'selection'],
    [`magnet:?xt=urn:btih:${v1}&so=a`, 'selection'],
    [`magnet:?xt=urn:btih:${v1}&dn=%E0%A4%A`, 'percent escape'],
    [`magnet:?xt=urn:btih:${v1}${'&tr=http://x'.repeat(501)}`, 'more than 500'],
    [`magnet:?xt=urn:btih:${v1}&dn=${'x'.repeat(70_000)}`, 'longer than'],
  ])('%.60s is refused: %s', (link, words) => {
    expect(() => parseMagnet(link)).toThrow(
      expect.objectContaining({ code: 'BAD_MAGNET', message: expect.stringContaining(words) }),
    );
  });
});

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const texts = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), { maxLength: 3 });

test('what was written is read the same', () => {
  const magnet = fc.record(
    {
      infoHash: bytes(20),
      infoHashV2: bytes(32),
      name: fc.string({ minLength: 1, unit: 'grapheme' }),
      length: fc.nat(),
      trackers: texts,
      webSeeds: texts,
      exactSources: texts,
      peers: texts,
    },
    { requiredKeys: ['infoHash', 'trackers', 'webSeeds', 'exactSources', 'peers'] },
  );
  fc.assert(
    fc.property(magnet, (value) => {
      expect(parseMagnet(formatMagnet(value))).toEqual(value);
    }),
  );
});

test('whatever comes is read or refused with BAD_MAGNET', () => {
  const part = fc.constantFrom(
    'xt=',
    'urn:btih:',
    'urn:btmh:1220',
    v1,
    v2,
    '&',
    '=',
    '%',
    '%41',
    'so=',
    '1-2',
    ',',
    'x.pe',
    '.',
    '\0',
    'é',
  );
  const link = fc
    .array(fc.oneof(part, fc.string({ maxLength: 4 })), { maxLength: 20 })
    .map((parts) => `magnet:?${parts.join('')}`);
  fc.assert(
    fc.property(link, (text) => {
      try {
        parseMagnet(text);
      } catch (error) {
        if (!isSwarmError(error, 'BAD_MAGNET')) throw error;
      }
    }),
  );
});
