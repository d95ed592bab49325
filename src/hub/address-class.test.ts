import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyAddress } from './address-class.ts';

test.each([
  // public
  ['8.8.8.8', 'public'],
  ['172.15.255.255', 'public'],
  ['172.32.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.128.0.0', 'public'],
  ['2606:4700::1111', 'public'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::808:808', 'public'],
  ['2002:808:808::1', 'public'],
  // this machine, private networks, carrier NAT
  ['127.0.0.1', 'internal'],
  ['127.255.255.254', 'internal'],
  ['10.0.0.1', 'internal'],
  ['172.16.0.1', 'internal'],
  ['172.31.255.255', 'internal'],
  ['192.168.1.1', 'internal'],
  ['100.64.0.1', 'internal'],
  ['198.18.0.1', 'internal'],
  ['::1', 'internal'],
  ['0:0:0:0:0:0:0:1', 'internal'],
  ['fc00::1', 'internal'],
  ['fdff:ffff::1', 'internal'],
  ['::ffff:127.0.0.1', 'internal'],
  ['::ffff:7f00:1', 'internal'],
  ['64:ff9b::10.0.0.1', 'internal'],
  ['2002:a00:1::', 'internal'],
  // never a server
  ['0.0.0.0', 'forbidden'],
  ['169.254.169.254', 'forbidden'],
  ['192.0.2.1', 'forbidden'],
  ['198.51.100.1', 'forbidden'],
  ['203.0.113.1', 'forbidden'],
  ['192.0.0.1', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['240.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['::', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['fe80::1%eth0', 'forbidden'],
  ['fec0::1', 'forbidden'],
  ['ff02::1', 'forbidden'],
  ['2001:db8::1', 'forbidden'],
  ['2001::1', 'forbidden'],
  ['3fff::1', 'forbidden'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['::127.0.0.1', 'forbidden'],
  ['64:ff9b:1::1', 'forbidden'],
  // no address at all
  ['', 'forbidden'],
  ['example.com', 'forbidden'],
  ['127.1', 'forbidden'],
  ['0x7f000001', 'forbidden'],
])('%s is %s', (address, kind) => {
  expect(classifyAddress(address)).toBe(kind);
});

test('an IPv4 address is judged alike in every spelling that IPv6 has for it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const high = ((a << 8) | b).toString(16);
      const low = ((c << 8) | d).toString(16);
      const kind = classifyAddress(address);
      expect(classifyAddress(`::ffff:${address}`)).toBe(kind);
      expect(classifyAddress(`::FFFF:${high}:${low}`)).toBe(kind);
      expect(classifyAddress(`0:0:0:0:0:ffff:${high}:${low}`)).toBe(kind);
      expect(classifyAddress(`64:ff9b::${high}:${low}`)).toBe(kind);
      expect(classifyAddress(`2002:${high}:${low}::1`)).toBe(kind);
    }),
  );
});

test('whatever the text is, it has a class', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.string(), fc.domain()), (text) => {
      expect(['public', 'internal', 'forbidden']).toContain(classifyAddress(text));
    }),
  );
});
