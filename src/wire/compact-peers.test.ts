import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../base/hex.ts';
import { decodePeers4, decodePeers6, encodePeers } from './compact-peers.ts';

test('IPv4 peers have 6 bytes, address and port (BEP 23)', () => {
  const peers = [
    { host: '10.0.0.255', port: 6881 },
    { host: '1.2.3.4', port: 65_535 },
  ];
  const bytes = fromHex('0a0000ff1ae101020304ffff');
  expect(decodePeers4(bytes)).toEqual(peers);
  expect(toHex(encodePeers(peers).v4)).toBe(toHex(bytes));
});

test('ports of 0, and what is too short for a peer, are left out', () => {
  expect(decodePeers4(fromHex('0102030400000506070800ff0910'))).toEqual([{ host: '5.6.7.8', port: 255 }]);
  expect(decodePeers6(new Uint8Array(18 + 17))).toEqual([]);
});

describe('IPv6 peers have 18 bytes, and text in its short form (RFC 5952)', () => {
  test.each([
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
    ['20010db8000100010001000000010001', '2001:db8:1:1:1:0:1:1'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010000000000010000000000010abc', '2001::1:0:0:1:abc'],
    ['00010000000000020000000000030004', '1::2:0:0:3:4'],
  ])('%s is %s', (hex, host) => {
    const bytes = fromHex(`${hex}1ae1`);
    expect(decodePeers6(bytes)).toEqual([{ host, port: 6881 }]);
    expect(toHex(encodePeers([{ host, port: 6881 }]).v6)).toBe(toHex(bytes));
  });

  test('an IPv4 address in an IPv6 one is an IPv4 address', () => {
    expect(decodePeers6(fromHex('00000000000000000000ffff7f0000011ae1'))).toEqual([{ host: '127.0.0.1', port: 6881 }]);
  });
});

test('what is no address, and ports that are none, are left out', () => {
  const ports = [0, 65_536].map((port) => ({ host: '1.2.3.4', port }));
  expect(encodePeers(ports).v4.length).toBe(0);
  const hosts = [
    'peer-1',
    '',
    '1.2.3',
    '1.2.3.256',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    'g::1',
  ];
  expect(encodePeers(hosts.map((host) => ({ host, port: 1 })))).toEqual({
    v4: new Uint8Array(0),
    v6: new Uint8Array(0),
  });
});

test('random bytes are read, and what was read is written the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const four = decodePeers4(bytes);
      expect(decodePeers4(encodePeers(four).v4)).toEqual(four);
      const six = decodePeers6(bytes);
      const { v4, v6 } = encodePeers(six);
      expect([...decodePeers6(v6), ...decodePeers4(v4)]).toEqual([
        ...six.filter(({ host }) => host.includes(':')),
        ...six.filter(({ host }) => !host.includes(':')),
      ]);
    }),
  );
});
