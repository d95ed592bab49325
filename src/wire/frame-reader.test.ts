import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader } from './frame-reader.ts';
import {
  BLOCK_BYTES,
  encodeBare,
  encodeBlockRefs,
  encodeExtended,
  encodeHave,
  encodeKeepAlive,
  encodePayload,
  encodePort,
  type Message,
  writeBlockHeader,
} from './messages.ts';

function blockMessage(piece: number, begin: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(13 + bytes.length);
  writeBlockHeader(message, 0, { piece, begin, length: bytes.length });
  message.set(bytes, 13);
  return message;
}

/** Reads a stream in the given cuts; keeps copies of all that is handed over. */
function read(stream: Uint8Array, cuts: readonly number[], isWanted: (piece: number) => boolean = () => true) {
  const events: unknown[] = [];
  const targets = new Map<string, Uint8Array>();
  const reader = new FrameReader({
    block(piece, begin, length) {
      if (!isWanted(piece)) return undefined;
      const target = new Uint8Array(length);
      targets.set(`${piece}:${begin}`, target);
      return target;
    },
    blockDone: (piece, begin, length) =>
      events.push({ piece, begin, length, bytes: [...(targets.get(`${piece}:${begin}`) ?? [])] }),
    message: (message) => events.push(copy(message)),
  });
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort((a, b) => a - b);
  let problem: string | undefined;
  for (const [index, start] of edges.slice(0, -1).entries()) {
    // A buffer of its own that is overwritten afterwards, as the socket's is.
    const chunk = stream.slice(start, edges[index + 1]);
    problem ??= reader.feed(chunk);
    chunk.fill(0xee);
  }
  return { events, problem };
}

function copy(message: Message): unknown {
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => [key, value instanceof Uint8Array ? [...value] : value]),
  );
}

const block = Uint8Array.from({ length: 300 }, (_, index) => index & 255);
const stream = Uint8Array.from(
  Buffer.concat([
    encodePayload('bitfield', Uint8Array.of(0xff, 0x80)),
    encodeBare('unchoke'),
    encodeKeepAlive(),
    encodeHave(70_000),
    encodeBlockRefs('request', [
      { piece: 1, begin: 2, length: 3 },
      { piece: 4_000_000_000, begin: 16_384, length: BLOCK_BYTES },
    ]),
    blockMessage(7, 16_384, block),
    encodeExtended(3, Uint8Array.of(1, 2, 3)),
    encodePort(6881),
    encodeBare('haveAll'),
    blockMessage(8, 0, block.subarray(0, 1)),
    encodePayload('hashRequest', new Uint8Array(48)),
    Uint8Array.of(0, 0, 0, 2, 99, 1),
    encodeBare('choke'),
  ]),
);
const expected = [
  { kind: 'bitfield', bits: [0xff, 0x80] },
  { kind: 'unchoke' },
  { kind: 'keepAlive' },
  { kind: 'have', piece: 70_000 },
  { kind: 'request', piece: 1, begin: 2, length: 3 },
  { kind: 'request', piece: 4_000_000_000, begin: 16_384, length: BLOCK_BYTES },
  { piece: 7, begin: 16_384, length: 300, bytes: [...block] },
  { kind: 'extended', id: 3, payload: [1, 2, 3] },
  { kind: 'port', port: 6881 },
  { kind: 'haveAll' },
  { piece: 8, begin: 0, length: 1, bytes: [0] },
  { kind: 'hashRequest', payload: Array.from({ length: 48 }, () => 0) },
  { kind: 'unknown', id: 99 },
  { kind: 'choke' },
];

describe('a stream of messages', () => {
  test('is read the same however it is cut', () => {
    expect(read(stream, [])).toEqual({ events: expected, problem: undefined });
    const everyByte = Array.from({ length: stream.length }, (_, index) => index);
    expect(read(stream, everyByte)).toEqual({ events: expected, problem: undefined });
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        expect(read(stream, cuts)).toEqual({ events: expected, problem: undefined });
      }),
    );
  });

  test('goes on behind a block that nobody asked for', () => {
    const { events, problem } = read(stream, [200], (piece) => piece !== 7);
    expect(problem).toBeUndefined();
    expect(events).toEqual(
      expected.map((event) => ('bytes' in event && event.piece === 7 ? { ...event, bytes: [] } : event)),
    );
  });

  test.each([
    ['a message of 2 GiB', Uint8Array.of(0x80, 0, 0, 0, 20)],
    ['a message just above the bound', Uint8Array.of(0, 4, 0xb0, 1, 20)],
    ['a block above 16 KiB', Uint8Array.of(0, 0, 0x40, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['a block of no bytes', Uint8Array.of(0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['a block without its place', Uint8Array.of(0, 0, 0, 5, 7, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['a choke with a body', Uint8Array.of(0, 0, 0, 2, 0, 0)],
    ['a have that is too short', Uint8Array.of(0, 0, 0, 3, 4, 0, 0)],
    ['a request that is too long', Uint8Array.of(0, 0, 0, 14, 6, ...new Uint8Array(13))],
    ['an extended message of nothing', Uint8Array.of(0, 0, 0, 1, 20)],
  ])('is refused for %s', (_name, bytes) => {
    expect(read(bytes, []).problem).toEqual(expect.any(String));
    expect(
      read(
        bytes,
        Array.from(bytes, (_byte, index) => index),
      ).problem,
    ).toEqual(expect.any(String));
  });

  test('is cut short by stop, in the middle of what came', () => {
    let messages = 0;
    const reader = new FrameReader({
      block: () => undefined,
      blockDone: () => {},
      message: () => {
        messages += 1;
        reader.stop();
      },
    });
    expect(reader.feed(stream)).toBeUndefined();
    expect(messages).toBe(1);
  });

  test('of random bytes never throws, and hands over no block beyond 16 KiB', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const reader = new FrameReader({
          block(_piece, _begin, length) {
            expect(length).toBeLessThanOrEqual(BLOCK_BYTES);
            return new Uint8Array(length);
          },
          blockDone: () => {},
          message: () => {},
        });
        // Small lengths, so that frames do end.
        for (let index = 0; index < bytes.length; index += 7) bytes[index] = 0;
        reader.feed(bytes);
      }),
    );
  });
});
