import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnnounceRequest } from './tracker-client.ts';
import { decodeUdpAnswer, encodeAnnounce, encodeConnect, encodeScrape } from './udp-messages.ts';

const HEAD = { connectionId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), transaction: 0xfedcba98 };
const REQUEST: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb),
  port: 0x1ae1,
  stats: { uploaded: 3, downloaded: 2 ** 40, left: 2 },
  event: 'completed',
  wanted: 50,
  key: 0xffffffff,
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('packets are those of BEP 15', () => {
  expect(hex(encodeConnect(7))).toBe('00000417271019800000000000000007');
  const announce = hex(encodeAnnounce(HEAD, REQUEST, ''));
  const stats = '0000010000000000' + '0000000000000002' + '0000000000000003';
  expect(announce).toBe(
    `010203040506070800000001fedcba98${'aa'.repeat(20)}${'bb'.repeat(20)}${stats}0000000100000000ffffffff000000321ae1`,
  );
  const scrape = hex(encodeScrape(HEAD, [REQUEST.infoHash, REQUEST.peerId]));
  expect(scrape).toBe(`010203040506070800000002fedcba98${'aa'.repeat(20)}${'bb'.repeat(20)}`);
});

test('path and query of the URL come behind an announce, in parts of 255 bytes (BEP 41)', () => {
  const options = (urlData: string): string => hex(encodeAnnounce(HEAD, REQUEST, urlData).subarray(98));
  expect(options('/announce?k')).toBe(`020b${hex(Buffer.from('/announce?k'))}`);
  expect(options(`/${'x'.repeat(299)}`)).toBe(`02ff2f${'78'.repeat(254)}022d${'78'.repeat(45)}`);
  expect(options('x'.repeat(5000)).length / 2).toBe(1000 + 4 * 2);
});

test('answers are read; peers look as the family has it', () => {
  const connect = Buffer.from('00000000fedcba980102030405060708', 'hex');
  expect(decodeUdpAnswer(connect, 4)).toEqual({
    transaction: 0xfedcba98,
    action: 'connect',
    connectionId: HEAD.connectionId,
  });
  const head = '00000001fedcba98000007080000000200000003';
  const numbers = { interval: 1800, leechers: 2, seeds: 3 };
  expect(decodeUdpAnswer(Buffer.from(`${head}0a0000011ae1ff`, 'hex'), 4)).toMatchObject({
    answer: { ...numbers, peers: [{ host: '10.0.0.1', port: 6881 }] },
  });
  expect(decodeUdpAnswer(Buffer.from(`${head}fd${'00'.repeat(14)}011ae1`, 'hex'), 6)).toMatchObject({
    answer: { ...numbers, peers: [{ host: 'fd00::1', port: 6881 }] },
  });
  const scrape = Buffer.from('00000002fedcba98000000010000000200000003ffff', 'hex');
  expect(decodeUdpAnswer(scrape, 4)).toMatchObject({ counts: [{ seeds: 1, completed: 2, leechers: 3 }] });
  const error = Buffer.concat([Buffer.from('00000003fedcba98', 'hex'), Buffer.from('no\n such')]);
  expect(decodeUdpAnswer(error, 4)).toMatchObject({ action: 'error', message: 'no such' });
});

test('what is too short or unknown is no answer', () => {
  for (const text of [
    '',
    '00000000fedcba',
    '00000000fedcba9801020304050607',
    '00000001fedcba980000',
    '00000004fedcba98',
  ])
    expect(decodeUdpAnswer(Buffer.from(text, 'hex'), 4)).toBeUndefined();
});

test('whatever comes, it is read or is no answer', () => {
  const packet = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.uint8Array({ maxLength: 80 }))
    .map(([action, rest]) => Uint8Array.of(0, 0, 0, action, ...rest));
  fc.assert(
    fc.property(packet, fc.constantFrom<4 | 6>(4, 6), (bytes, family) => {
      const answer = decodeUdpAnswer(bytes, family);
      if (answer?.action === 'announce') for (const { port } of answer.answer.peers) expect(port).toBeGreaterThan(0);
    }),
  );
});
