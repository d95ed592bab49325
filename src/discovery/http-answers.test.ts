import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Encodable, encode } from '../bencode/encode.ts';
import { isSwarmError } from '../errors.ts';
import { decodeAnnounceAnswer, decodeScrapeAnswer } from './http-answers.ts';

const announce = (value: Encodable) => decodeAnnounceAnswer(encode(value));

test('compact peers of both families, and all numbers', () => {
  const peers = Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1, 10, 0, 0, 2, 0, 0);
  const peers6 = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x1a, 0xe2);
  const numbers = { interval: 1800, 'min interval': 300, complete: 5, incomplete: 7 };
  const words = { 'warning message': 'be\nkind', 'tracker id': Uint8Array.of(0, 255) };
  expect(announce({ ...numbers, ...words, peers, peers6 })).toEqual({
    peers: [
      { host: '10.0.0.1', port: 6881 },
      { host: 'fd00::9', port: 6882 },
    ],
    interval: 1800,
    minInterval: 300,
    seeds: 5,
    leechers: 7,
    warning: 'be kind',
    trackerId: Uint8Array.of(0, 255),
  });
});

test('peers as dictionaries: addresses only', () => {
  const peers = [
    { ip: '10.0.0.1', port: 1, 'peer id': 'x'.repeat(20) },
    { ip: 'fd00::1', port: 2 },
    { ip: 'tracker.example', port: 3 },
    { ip: 'fe80::1%eth0', port: 3 },
    { ip: '10.0.0.1', port: 0 },
    { ip: '10.0.0.1', port: 65_536 },
    { port: 4 },
    'nonsense',
  ];
  expect(announce({ peers })).toMatchObject({
    peers: [
      { host: '10.0.0.1', port: 1 },
      { host: 'fd00::1', port: 2 },
    ],
  });
});

test('what is missing or of the wrong type is left out', () => {
  expect(announce({ interval: 'soon', 'min interval': -5, complete: 2n ** 60n, peers: 5, peers6: [] })).toEqual({
    peers: [],
    interval: undefined,
    minInterval: undefined,
    seeds: undefined,
    leechers: undefined,
    trackerId: undefined,
    warning: undefined,
  });
});

test('keys that are not sorted are read', () => {
  expect(decodeAnnounceAnswer(Buffer.from('d5:peers0:8:intervali60ee'))).toMatchObject({ interval: 60 });
});

test('a refusal, with the time after which to come back (BEP 31)', () => {
  expect(announce({ 'failure reason': 'no\u0000\u001b[31m' })).toEqual({ failure: 'no [31m' });
  expect(announce({ 'failure reason': 'x'.repeat(999) })).toEqual({ failure: 'x'.repeat(200) });
  expect(announce({ 'failure reason': 'busy', 'retry in': 5 })).toEqual({ failure: 'busy', retryAfterSeconds: 300 });
  expect(announce({ 'failure reason': 'gone', 'retry in': 'never' })).toEqual({
    failure: 'gone',
    retryAfterSeconds: Number.POSITIVE_INFINITY,
  });
});

test('there is an end to peers', () => {
  const answer = announce({ peers: new Uint8Array(60_000).fill(1) });
  expect('peers' in answer && answer.peers.length).toBe(2000);
});

test('a scrape', () => {
  const file = encode({ complete: 3, incomplete: 4, downloaded: 5 });
  const text = Buffer.concat([
    Buffer.from('d5:filesd20:'),
    Buffer.alloc(20, 0xab),
    file,
    Buffer.from('3:abc'),
    file,
    Buffer.from('ee'),
  ]);
  expect(decodeScrapeAnswer(text)).toEqual(new Map([['ab'.repeat(20), { seeds: 3, leechers: 4, completed: 5 }]]));
  expect(decodeScrapeAnswer(encode({ files: 1 }))).toEqual(new Map());
  expect(decodeScrapeAnswer(encode({ 'failure reason': 'no' }))).toEqual({ failure: 'no' });
});

const KEYS = ['failure reason', 'retry in', 'interval', 'min interval', 'complete', 'peers', 'peers6', 'tracker id'];

test('whatever comes, it is read or refused', () => {
  const { value } = fc.letrec<{ value: Encodable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...KEYS, 'ip', 'port', 'files', '01234567890123456789'), tie('value')),
    ),
  }));
  const survive = (bytes: Uint8Array): void => {
    for (const read of [decodeAnnounceAnswer, decodeScrapeAnswer]) {
      try {
        const answer = read(bytes);
        if (!('peers' in answer)) continue;
        for (const { port } of answer.peers) expect(port).toBeGreaterThan(0);
        expect(answer.interval ?? 0).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect(isSwarmError(error, 'BAD_TORRENT')).toBe(true);
      }
    }
  };
  fc.assert(fc.property(value, (value) => survive(encode(value))));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survive));
});
