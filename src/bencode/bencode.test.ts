import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { compareBytes } from './byte-order.ts';
import { type DecodeOptions, decode, decodePrefix } from './decode.ts';
import { BencodeEntries, type Encodable, encode, RawBencode } from './encode.ts';
import type { BencodeNode } from './node.ts';

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const read = (text: string, options?: DecodeOptions): BencodeNode => decode(latin1(text), options);
const written = (value: Encodable): string => Buffer.from(encode(value)).toString('latin1');

/** A plain value of what was decoded: byte strings as text of one character per byte. */
function plain(node: BencodeNode): unknown {
  switch (node.kind) {
    case 'integer':
      return node.bigint();
    case 'bytes':
      return Buffer.from(node.bytes()).toString('latin1');
    case 'list':
      return [...node.items()].map(plain);
    case 'dictionary':
      return Object.fromEntries(
        [...node.entries()].map(([key, value]) => [Buffer.from(key).toString('latin1'), plain(value)]),
      );
  }
}

describe('bencoded text', () => {
  test.each([
    ['i0e', 0n],
    ['i-42e', -42n],
    ['i9223372036854775807e', 9223372036854775807n],
    ['0:', ''],
    ['4:spam', 'spam'],
    ['10:0123456789', '0123456789'],
    ['le', []],
    ['l4:spami1eld1:ai2eeee', ['spam', 1n, [{ a: 2n }]]],
    ['de', {}],
    ['d0:i1e1:ai2e2:aai3e1:bi4ee', { '': 1n, a: 2n, aa: 3n, b: 4n }],
  ])('%s is read', (text, value) => {
    expect(plain(read(text))).toEqual(value);
  });

  test.each([
    ['', 0, 'cut off'],
    ['i5', 0, 'integer is malformed'],
    ['ie', 0, 'integer is malformed'],
    ['i-e', 0, 'integer is malformed'],
    ['i+1e', 0, 'integer is malformed'],
    ['i1.0e', 0, 'integer is malformed'],
    ['i-0e', 0, 'begins with zero'],
    ['i00e', 0, 'begins with zero'],
    ['i03e', 0, 'begins with zero'],
    ['i-03e', 0, 'begins with zero'],
    ['i123456789012345678901e', 0, 'too many digits'],
    ['l4:spami05ee', 7, 'begins with zero'],
    ['5:spam', 0, 'cut off'],
    ['7:spam', 0, 'longer than the text'],
    ['4:spa', 0, 'cut off'],
    ['04:spam', 0, 'length begins with zero'],
    ['00:', 0, 'length begins with zero'],
    ['4spam', 0, 'length of a byte string is malformed'],
    ['99999999999999999999:x', 0, 'longer than the text'],
    ['-1:x', 0, 'no value begins'],
    ['x', 0, 'no value begins'],
    ['e', 0, 'no value begins'],
    ['l', 1, 'cut off'],
    ['li1e', 4, 'cut off'],
    ['d', 1, 'cut off'],
    ['d1:a', 4, 'cut off'],
    ['d1:ae', 4, 'key has no value'],
    ['di1e1:ae', 1, 'key is no byte string'],
    ['dli1eei2ee', 1, 'key is no byte string'],
    ['d1:bi1e1:ai2ee', 7, 'key is out of order'],
    ['d1:ai1e1:ai2ee', 7, 'key is repeated'],
    ['d2:aai1e1:ai2ee', 8, 'key is out of order'],
    ['i1ei2e', 3, 'something comes after the end'],
    ['le ', 2, 'something comes after the end'],
    ['1:a\n', 3, 'something comes after the end'],
  ])('%j is refused at byte %i: %s', (text, offset, words) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: 'BAD_TORRENT',
        message: expect.stringMatching(new RegExp(`${words}.* at byte ${offset}\\.$`)),
      }),
    );
  });

  test('may have unsorted keys where that is accepted, but never repeated ones', () => {
    const options = { unsortedKeys: 'accept' } as const;
    const node = read('d1:bi1e1:ai2ee', options);
    expect([plain(node), node.keysSorted]).toEqual([{ b: 1n, a: 2n }, false]);
    expect(() => read('d1:bi1e1:ai2e1:bi3ee', options)).toThrow(/repeated at byte 15\.$/);
    expect(() => read('d1:ai1e1:ai3ee', options)).toThrow(/repeated/);
  });

  test('is bounded in depth and number of values', () => {
    expect(plain(read('l'.repeat(100) + 'e'.repeat(100)))).toBeDefined();
    expect(() => read('l'.repeat(101) + 'e'.repeat(101))).toThrow(/deeper than 100 levels at byte 100/);
    expect(() => read('lllee', { maxDepth: 2 })).toThrow(/deeper than 2 levels at byte 2/);
    expect(() => read(`l${'i1e'.repeat(10)}e`, { maxTokens: 10 })).toThrow(/more than 10 values/);
  });

  test.each([
    ['ten million lists in one another', 'l'.repeat(10_000_000)],
    ['five million empty strings', `l${'0:'.repeat(5_000_000)}e`],
    ['ten million digits', '1'.repeat(10_000_000)],
    ['an integer of ten million digits', `i${'1'.repeat(10_000_000)}e`],
    [
      'a dictionary of many keys',
      `d${Array.from({ length: 800_000 }, (_, key) => `8:${`${key}`.padStart(8, '0')}le`).join('')}e`,
    ],
  ])('that is hostile, %s, costs bounded memory', (_name, text) => {
    const bytes = latin1(text);
    const before = process.memoryUsage();
    try {
      decode(bytes);
    } catch (error) {
      expect(isSwarmError(error, 'BAD_TORRENT')).toBe(true);
    }
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(grown).toBeLessThan(128 * 1024 * 1024);
  });
});

describe('a node', () => {
  const bytes = latin1('d4:infod4:name1:xe1:zi7ee');
  const root = decode(bytes);

  test('gives the bytes that it was decoded from, without copying them', () => {
    const info = root.get('info');
    expect(Buffer.from(info?.raw ?? []).toString()).toBe('d4:name1:xe');
    expect([info?.offset, info?.raw.buffer === bytes.buffer]).toEqual([7, true]);
  });

  test('keeps binary keys as they are', () => {
    const key = Uint8Array.from([0xff, 0x00, 0xfe]);
    const value = encode(new BencodeEntries([[key, 1]]));
    expect([...decode(value).entries()].map(([found]) => [...found])).toEqual([[0xff, 0x00, 0xfe]]);
  });

  test('says what it is when something else was expected, and where', () => {
    expect(() => root.get('z')?.bytes()).toThrow(/expected a byte string, found an integer at byte 21/);
    expect(() => root.integer()).toThrow(/expected an integer, found a dictionary at byte 0/);
    expect(() => [...(root.get('z')?.items() ?? [])]).toThrow(/expected a list/);
    expect(() => root.get('z')?.get('a')).toThrow(/expected a dictionary/);
  });

  test('gives integers that a number holds exactly, and others as bigint only', () => {
    expect(read('i9007199254740991e').integer()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => read('i9007199254740992e').integer()).toThrow(/beyond 2\^53/);
    expect(read('i9007199254740992e').bigint()).toBe(2n ** 53n);
  });

  test('is read from the beginning of a longer text', () => {
    const { node, length } = decodePrefix(latin1('d8:msg_typei1eeBINARY'));
    expect([node.get('msg_type')?.integer(), length]).toEqual([1, 15]);
  });
});

describe('encode', () => {
  test('sorts keys as bytes, and leaves out what is undefined', () => {
    expect(written({ b: 1, a: 'x', aa: [2, 3n], Z: undefined, z: {} })).toBe('d1:a1:x2:aali2ei3ee1:bi1e1:zdee');
    expect(written({ ä: 1, z: 2 })).toBe('d1:zi2e2:Ã¤i1ee');
  });

  test('writes what is bencoded already as it is', () => {
    expect(written({ info: new RawBencode(latin1('d1:b0:1:a0:e')) })).toBe('d4:infod1:b0:1:a0:ee');
  });

  test('refuses numbers that are no integers, and repeated keys', () => {
    for (const number of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => encode(number)).toThrow(RangeError);
    expect(written(-0)).toBe('i0e');
    const key = latin1('a');
    expect(() =>
      encode(
        new BencodeEntries([
          [key, 1],
          [key.slice(), 2],
        ]),
      ),
    ).toThrow(RangeError);
  });
});

const leaf = fc.oneof(fc.maxSafeInteger(), fc.uint8Array({ maxLength: 20 }));
const anything = fc.letrec<{ value: Encodable }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.uint8Array({ maxLength: 6 }), tie('value')), {
        maxLength: 5,
        comparator: ([one], [other]) => compareBytes(one, other) === 0,
      })
      .map((entries) => new BencodeEntries(entries)),
  ),
})).value;

test('whatever was encoded is decoded, and encodes to the same bytes again', () => {
  const again = (node: BencodeNode): Encodable => {
    if (node.kind === 'integer') return node.bigint();
    if (node.kind === 'bytes') return node.bytes();
    if (node.kind === 'list') return [...node.items()].map(again);
    return new BencodeEntries([...node.entries()].map(([key, value]) => [key, again(value)]));
  };
  fc.assert(
    fc.property(anything, (value) => {
      const bytes = encode(value);
      const node = decode(bytes);
      expect(Buffer.compare(encode(again(node)), bytes)).toBe(0);
      expect(Buffer.compare(node.raw, bytes)).toBe(0);
    }),
  );
});

test('whatever comes is decoded or refused with BAD_TORRENT', () => {
  const mutated = fc
    .tuple(anything.map(encode), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([bytes, changes]) => {
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return bytes;
    });
  const texts = fc.string({ unit: fc.constantFrom(...'dlie0123456789:-a\u0000'), maxLength: 40 }).map(latin1);
  fc.assert(
    fc.property(fc.oneof(mutated, texts, fc.uint8Array({ maxLength: 60 })), fc.boolean(), (bytes, accept) => {
      try {
        plain(decode(bytes, { unsortedKeys: accept ? 'accept' : 'reject' }));
      } catch (error) {
        if (!isSwarmError(error, 'BAD_TORRENT')) throw error;
      }
    }),
  );
});
