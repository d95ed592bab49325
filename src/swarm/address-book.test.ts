import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { AddressBook } from './address-book.ts';

const at = (host: string, port = 6881) => ({ host, port });

function setUp() {
  const clock = new ManualClock();
  const book = new AddressBook(clock);
  const next = () => book.next()?.address.host;
  return { clock, book, next };
}

test('what the user named comes first, then whoever failed the least; who is in use, nobody', () => {
  const { clock, book, next } = setUp();
  book.add([at('tracker')], 'tracker');
  const failing = book.next();
  if (failing) book.release(failing, true);
  book.add([at('pex'), at('pex'), at('', 1), at('zero', 0)], 'pex');
  book.add([at('user')], 'user');
  clock.advance(60_000);
  expect([next(), next(), next(), next()]).toEqual(['user', 'pex', 'tracker', undefined]);
});

test('an address that fails is tried later and later, and forgotten in the end; one of the user never', () => {
  const { clock, book } = setUp();
  book.add([at('tracker')], 'tracker');
  book.add([at('user')], 'user');
  for (let round = 0; round < 6; round++) {
    for (let known = book.next(); known; known = book.next()) book.release(known, true);
    expect(book.next()).toBeUndefined();
    clock.advance(20 * 60_000);
  }
  expect(book.size).toBe(1);
  expect(book.next()?.address.host).toBe('user');
});

test('whoever lied is not known any more, by any port', () => {
  const { book, next } = setUp();
  book.add([at('liar', 1), at('honest')], 'tracker');
  book.ban('liar');
  expect(book.add([at('liar', 2)], 'pex')).toBe(0);
  expect([next(), next()]).toEqual(['honest', undefined]);
});

test('seeds leave other seeds alone', () => {
  const { clock, book } = setUp();
  book.add([at('seed')], 'user');
  const known = book.next();
  if (known) book.release(known, false, true);
  clock.advance(60_000);
  book.isSeeding = true;
  expect(book.next()).toBeUndefined();
  book.isSeeding = false;
  expect(book.next()?.address.host).toBe('seed');
});
