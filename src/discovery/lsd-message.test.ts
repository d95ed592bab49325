import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLsdAnnounce, encodeLsdAnnounce, hearLsdAnnounce } from './lsd-message.ts';

const HASH = new Uint8Array(20).fill(0xab);
const text = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\r\n')}\r\n\r\n\r\n`, 'latin1');
const FIRST = 'BT-SEARCH * HTTP/1.1';

test('an announce as BEP 14 has it', () => {
  const bytes = encodeLsdAnnounce('239.192.152.143:6771', { port: 6881, infoHashes: [HASH], cookie: 'c0' });
  const hash = 'ab'.repeat(20);
  expect(Buffer.from(bytes).toString()).toBe(
    `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${hash}\r\ncookie: c0\r\n\r\n\r\n`,
  );
});

test('twenty info-hashes fit into a packet', () => {
  const infoHashes = Array.from({ length: 20 }, () => HASH);
  const bytes = encodeLsdAnnounce('[ff15::efc0:988f]:6771', { port: 65_535, infoHashes, cookie: 'f'.repeat(16) });
  expect(decodeLsdAnnounce(bytes)).toEqual({ port: 65_535, infoHashes, cookie: 'f'.repeat(16) });
});

test('it is heard from neighbours only, and not from oneself', () => {
  const bytes = encodeLsdAnnounce('x', { port: 6881, infoHashes: [HASH], cookie: 'mine' });
  expect(hearLsdAnnounce(bytes, '192.168.1.5', 'yours')).toMatchObject({ port: 6881 });
  expect(hearLsdAnnounce(bytes, 'fe80::5%eth0', 'yours')).toMatchObject({ port: 6881 });
  expect(hearLsdAnnounce(bytes, '8.8.8.8', 'yours')).toBeUndefined();
  expect(hearLsdAnnounce(bytes, '192.168.1.5', 'mine')).toBeUndefined();
});

test('names of headers in any case, no cookie, and info-hashes that are none', () => {
  const lines = [FIRST, 'HOST: x', 'pOrT:  81 ', `INFOHASH:${'AB'.repeat(20)}`, 'Infohash: abc', 'X', 'Y: z'];
  expect(decodeLsdAnnounce(text(lines))).toEqual({ port: 81, infoHashes: [HASH], cookie: undefined });
});

test('what is none', () => {
  const hash = `Infohash: ${'ab'.repeat(20)}`;
  for (const lines of [
    ['M-SEARCH * HTTP/1.1', 'Port: 1', hash],
    [FIRST, hash],
    [FIRST, 'Port: 0', hash],
    [FIRST, 'Port: 65536', hash],
    [FIRST, 'Port: -1', hash],
    [FIRST, 'Port: 1'],
    [FIRST, 'Port: 1', ...Array.from({ length: 40 }, () => hash)],
  ])
    expect(decodeLsdAnnounce(text(lines))).toBeUndefined();
});

test('whatever comes, it is read or is none', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.tuple(fc.constantFrom('Port', 'Infohash', 'cookie'), fc.string()).map(([name, value]) => `${name}: ${value}`),
    fc.nat(100_000).map((port) => `Port: ${port}`),
    fc.constant(`Infohash: ${'ab'.repeat(20)}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
      const announce = decodeLsdAnnounce(text([FIRST, ...lines]));
      if (!announce) return;
      expect(announce.port).toBeGreaterThan(0);
      expect(announce.port).toBeLessThan(65_536);
      for (const infoHash of announce.infoHashes) expect(infoHash).toHaveLength(20);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void decodeLsdAnnounce(bytes)));
});
