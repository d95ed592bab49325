import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { createClientAddressReader, isLoopback } from './client-address.ts';

test('without trusted proxies the connection names the client, whatever the header says', () => {
  const read = createClientAddressReader([]);
  expect(read('203.0.113.9', '10.1.1.1')).toMatchObject({ client: '203.0.113.9', proxied: false });
});

test('a trusted proxy names the client in X-Forwarded-For', () => {
  const read = createClientAddressReader(['127.0.0.0/8', '::1']);
  expect(read('127.0.0.1', '203.0.113.9')).toMatchObject({ client: '203.0.113.9', proxied: true });
  expect(read('::ffff:127.0.0.1', '203.0.113.9').client).toBe('203.0.113.9');
  expect(read('::1', '[2001:db8::9]:443').client).toBe('2001:db8:0:0::/64');
});

test('what a client writes left of the first untrusted hop is not believed', () => {
  const read = createClientAddressReader(['10.0.0.0/8']);
  expect(read('10.0.0.1', '6.6.6.6, 198.51.100.7, 10.0.0.2').client).toBe('198.51.100.7');
});

test('a trusted proxy that names nobody, or nonsense, is itself the client', () => {
  const read = createClientAddressReader(['10.0.0.1']);
  expect(read('10.0.0.1', undefined).client).toBe('10.0.0.1');
  expect(read('10.0.0.1', 'not an address').client).toBe('10.0.0.1');
});

test('IPv6 clients are counted by their /64 network', () => {
  const read = createClientAddressReader([]);
  expect(read('2001:db8:1:2:3:4:5:6', undefined).client).toBe(read('2001:db8:1:2::ffff', undefined).client);
  expect(read('2001:db8:1:3::1', undefined).client).not.toBe(read('2001:db8:1:2::1', undefined).client);
});

test('a proxy network that is not one is a CONFIG error that names it', () => {
  for (const wrong of ['10.0.0.0/33', 'example.org', '1.2.3.4/', '1.2.3.4/8/8', '::1/129', '']) {
    expect(() => createClientAddressReader([wrong])).toThrow(`"${wrong}"`);
    try {
      createClientAddressReader([wrong]);
    } catch (error) {
      expect(isSwarmError(error, 'CONFIG')).toBe(true);
    }
  }
});

test('loopback is recognised in every spelling', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) expect(isLoopback(address)).toBe(true);
  for (const address of ['10.0.0.1', '::', 'localhost', '']) expect(isLoopback(address)).toBe(false);
});

test('any header gives some client and never throws', () => {
  const read = createClientAddressReader(['0.0.0.0/0', '::/0']);
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (header, remote) => {
      expect(read(remote, header).client).not.toBe('');
    }),
  );
});
