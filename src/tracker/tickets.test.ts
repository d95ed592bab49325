import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createTicket, isGoodTicket, readTicketKeys } from './tickets.ts';

const hash = new Uint8Array(20).fill(7);
const old = `1 ${'ab'.repeat(32)}`;
const next = `2 ${'cd'.repeat(32)}`;

async function keysOf(...lines: string[]) {
  const path = join(await tempDir(), 'keys');
  await writeFile(path, lines.join('\n'));
  return readTicketKeys(path);
}

test('a ticket is good for its torrent until it expires', async () => {
  const clock = new ManualClock();
  const keys = await keysOf('# keys', old);
  const ticket = createTicket(keys, hash, clock.now() + 60_000);
  expect(isGoodTicket(keys, hash, ticket, clock)).toBe(true);
  expect(isGoodTicket(keys, new Uint8Array(20), ticket, clock)).toBe(false);
  clock.advance(61_000);
  expect(isGoodTicket(keys, hash, ticket, clock)).toBe(false);
});

test('keys rotate: the new one signs, the old one is believed until it is gone', async () => {
  const clock = new ManualClock();
  const before = createTicket(await keysOf(old), hash, clock.now() + 60_000);
  const both = await keysOf(next, old);
  expect(isGoodTicket(both, hash, before, clock)).toBe(true);
  const after = await keysOf(next);
  expect(isGoodTicket(after, hash, before, clock)).toBe(false);
  expect(isGoodTicket(after, hash, createTicket(both, hash, clock.now() + 60_000), clock)).toBe(true);
});

test('nothing else is a ticket', async () => {
  const keys = await keysOf(old);
  const clock = new ManualClock();
  fc.assert(fc.property(fc.base64String(), (text) => !isGoodTicket(keys, hash, text, clock)));
  const ticket = createTicket(keys, hash, clock.now() + 60_000);
  for (let at = 0; at < 21; at++) {
    const bytes = Buffer.from(ticket, 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(isGoodTicket(keys, hash, bytes.toString('base64url'), clock)).toBe(false);
  }
});

test.each([[''], [`300 ${'ab'.repeat(32)}`], ['1 abc'], [old, old]])(
  '%s is no file of keys, and none of it is told',
  async (...lines) => {
    await expect(keysOf(...lines)).rejects.toThrow(/keys/);
    await expect(keysOf(...lines)).rejects.not.toThrow(/abab/);
  },
);
