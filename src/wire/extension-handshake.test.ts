import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Encodable, encode } from '../bencode/encode.ts';
import { decodeExtensionHandshake, encodeExtensionHandshake } from './extension-handshake.ts';

const decoded = (value: Encodable) => decodeExtensionHandshake(encode(value));

test('is read as it was written', () => {
  const handshake = {
    messages: new Map([
      ['ut_metadata', 3],
      ['ut_pex', 0],
      ['lt_donthave', 255],
    ]),
    client: 'modelswarm 0.1 \u00e4',
    port: 6881,
    reqq: 500,
    metadataSize: 31_457_280,
    uploadOnly: true,
  };
  expect(decodeExtensionHandshake(encodeExtensionHandshake(handshake))).toEqual(handshake);
  const bare = { messages: new Map(), uploadOnly: false };
  expect(decodeExtensionHandshake(encodeExtensionHandshake(bare))).toEqual(bare);
});

test("that of another program is read: qBittorrent's, as it comes", () => {
  const text =
    'd12:complete_agoi-1e1:md11:lt_donthavei7e10:share_modei8e11:upload_onlyi3e12:ut_holepunchi4e11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei22371e1:pi6881e4:reqqi500e11:upload_onlyi1e1:v17:qBittorrent/4.5.26:yourip4:\x7f\x00\x00\x01e';
  expect(decodeExtensionHandshake(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))).toMatchObject({
    messages: new Map([
      ['lt_donthave', 7],
      ['share_mode', 8],
      ['upload_only', 3],
      ['ut_holepunch', 4],
      ['ut_metadata', 2],
      ['ut_pex', 1],
    ]),
    client: 'qBittorrent/4.5.2',
    port: 6881,
    reqq: 500,
    metadataSize: 22_371,
    uploadOnly: true,
  });
});

describe('a part that is malformed is left out', () => {
  const nothing = { messages: new Map(), uploadOnly: false };
  test.each<[string, Encodable]>([
    ['m of another kind', { m: ['ut_pex'] }],
    ['ids beyond a byte', { m: { a: 256, b: -1, c: 'x', d: 2n ** 60n } }],
    ['a long name', { m: { ['x'.repeat(65)]: 1 } }],
    ['a client of another kind', { v: 5 }],
    ['ports that are none', { p: 0 }],
    ['ports beyond 65535', { p: 65_536 }],
    ['metadata of more than 30 MiB', { metadata_size: 31_457_281 }],
    ['a negative size', { metadata_size: -1 }],
    ['no requests at all', { reqq: 0 }],
    ['a huge number', { reqq: 10n ** 18n }],
    ['upload_only 0', { upload_only: 0 }],
  ])('%s', (_name, value) => {
    expect(decoded(value)).toEqual(nothing);
  });
});

test('what is too much is cut', () => {
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`e${index}`, 1]));
  expect(decoded({ m: many })?.messages.size).toBe(100);
  expect(decoded({ v: 'x'.repeat(5000) })?.client).toBe('x'.repeat(200));
  expect(decoded({ reqq: 1_000_000 })?.reqq).toBe(10_000);
});

test('what is no dictionary, or has something behind it, is none', () => {
  for (const value of [[], 5, 'text'] as const) expect(decoded(value)).toBeUndefined();
  expect(decodeExtensionHandshake(Uint8Array.from(Buffer.from('de5')))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      decodeExtensionHandshake(bytes);
    }),
  );
});
