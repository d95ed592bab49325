import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMetadataMessage, encodeMetadataMessage, type MetadataMessage } from './metadata-message.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe('the messages are those of BEP 9', () => {
  test.each<[MetadataMessage, string]>([
    [{ kind: 'request', piece: 0 }, 'd8:msg_typei0e5:piecei0ee'],
    [{ kind: 'reject', piece: 7 }, 'd8:msg_typei2e5:piecei7ee'],
    [
      { kind: 'data', piece: 1, totalSize: 34_256, bytes: ascii('xyz') },
      'd8:msg_typei1e5:piecei1e10:total_sizei34256eexyz',
    ],
  ])('%j', (message, text) => {
    expect(encodeMetadataMessage(message)).toEqual(ascii(text));
    expect(decodeMetadataMessage(ascii(text))).toEqual(message);
  });

  test('data has at most 16 KiB', () => {
    const message = { kind: 'data', piece: 0, totalSize: 40_000, bytes: new Uint8Array(16_384) } as const;
    expect(decodeMetadataMessage(encodeMetadataMessage(message))).toEqual(message);
    expect(decodeMetadataMessage(encodeMetadataMessage({ ...message, bytes: new Uint8Array(16_385) }))).toBeUndefined();
  });
});

test.each([
  ['nothing', ''],
  ['no dictionary', 'i0e'],
  ['no kind', 'd5:piecei0ee'],
  ['a kind to come', 'd8:msg_typei3e5:piecei0ee'],
  ['a negative kind', 'd8:msg_typei-1e5:piecei0ee'],
  ['no piece', 'd8:msg_typei0ee'],
  ['a negative piece', 'd8:msg_typei0e5:piecei-1ee'],
  ['a piece that is text', 'd8:msg_typei0e5:piece1:0e'],
  ['a piece beyond 2^53', 'd8:msg_typei0e5:piecei9007199254740993ee'],
  ['a piece beyond 30 MiB', 'd8:msg_typei0e5:piecei1920ee'],
  ['metadata of more than 30 MiB', 'd8:msg_typei1e5:piecei0e10:total_sizei31457281eexyz'],
  ['data without a size', 'd8:msg_typei1e5:piecei0eexyz'],
  ['data of no bytes', 'd8:msg_typei1e5:piecei0e10:total_sizei34256ee'],
  ['a negative size', 'd8:msg_typei1e5:piecei0e10:total_sizei-1eexyz'],
])('%s is no message', (_name, text) => {
  expect(decodeMetadataMessage(ascii(text))).toBeUndefined();
});

test('random bytes are read without an exception', () => {
  const start = fc.constantFrom('', 'd8:msg_typei1e', 'd8:msg_typei1e5:piecei0e10:total_size');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 100 }), (text, bytes) => {
      decodeMetadataMessage(Uint8Array.of(...ascii(text), ...bytes));
    }),
  );
});
