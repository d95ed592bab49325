import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat as concatAll } from '../base/concat.ts';
import { generateKeyPair, sharedSecret } from './diffie-hellman.ts';
import {
  EncryptionInitiator,
  type EncryptionPolicy,
  EncryptionResponder,
  encryptionLookupKey,
  type HandshakeStep,
} from './encryption.ts';
import { Rc4 } from './rc4.ts';

const concat = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => concatAll(parts);
const infoHash = Uint8Array.from({ length: 20 }, (_, index) => 200 + index);
const torrents = new Map([new Uint8Array(20), infoHash].map((hash) => [encryptionLookupKey(hash), hash]));
const random = (length: number) => new Uint8Array(randomBytes(length));
const payload = Uint8Array.from({ length: 68 }, (_, index) => index);

type Done = Extract<HandshakeStep, { state: 'done' }>;
const initiator = (policy: EncryptionPolicy, initialPayload = payload) =>
  new EncryptionInitiator({ infoHash, policy, random, initialPayload });
const responder = (policy: EncryptionPolicy) =>
  new EncryptionResponder({ infoHashOf: (key) => torrents.get(key), policy, random });

/** Feeds bytes in parts of the given sizes (over and over); returns all that was sent, and the last step. */
function feed(side: { feed(bytes: Uint8Array): HandshakeStep }, bytes: Uint8Array, sizes: readonly number[]) {
  const sent: Uint8Array[] = [];
  let last: HandshakeStep = { state: 'more', send: undefined };
  let position = 0;
  for (let turn = 0; position < bytes.length && last.state === 'more'; turn++) {
    const end = position + (sizes[turn % sizes.length] ?? bytes.length);
    // A buffer that is used again, as a socket's is.
    const part = bytes.slice(position, end);
    last = side.feed(part);
    part.fill(0xee);
    position = end;
    if (last.state !== 'failed' && last.send) sent.push(last.send);
  }
  return { last, sent: concat(...sent), unread: bytes.subarray(position) };
}

/** What comes out of the rest of the stream at the other end. */
const received = (done: Done, unread: Uint8Array): Uint8Array => {
  const copy = unread.slice();
  done.receive?.apply(copy);
  return concat(done.leftover, copy);
};

const sealed = (done: Done, bytes: Uint8Array): Uint8Array => {
  const copy = bytes.slice();
  done.transmit?.apply(copy);
  return copy;
};

/** A whole handshake, and some bytes both ways behind it. */
function converse(one: EncryptionPolicy, other: EncryptionPolicy, sizes: readonly number[], initial = payload) {
  const a = initiator(one, initial);
  const b = responder(other);
  const first = feed(b, a.start(), sizes);
  const second = feed(a, first.sent, sizes);
  const third = feed(b, second.sent, sizes);
  if (third.last.state !== 'done') return { reason: third.last.state === 'failed' ? third.last.reason : 'unfinished' };
  const fromB = sealed(third.last, Uint8Array.of(9, 8, 7));
  const fourth = feed(a, concat(third.sent, fromB), sizes);
  if (fourth.last.state !== 'done') throw new Error(JSON.stringify(fourth.last));
  const fromA = sealed(fourth.last, Uint8Array.of(1, 2, 3));
  return {
    a: received(fourth.last, fourth.unread),
    b: concat(received(third.last, third.unread), received({ ...third.last, leftover: new Uint8Array(0) }, fromA)),
    encrypted: [fourth.last.receive, fourth.last.transmit, third.last.receive, third.last.transmit].map(Boolean),
    infoHashes: [fourth.last.infoHash, third.last.infoHash],
  };
}

describe('two sides agree', () => {
  const plain = [false, false, false, false];
  const rc4 = [true, true, true, true];
  test.each<[EncryptionPolicy, EncryptionPolicy, boolean[]]>([
    ['allowed', 'allowed', plain],
    ['preferred', 'allowed', plain],
    ['required', 'allowed', rc4],
    ['allowed', 'preferred', rc4],
    ['preferred', 'preferred', rc4],
    ['required', 'preferred', rc4],
    ['allowed', 'required', rc4],
    ['preferred', 'required', rc4],
    ['required', 'required', rc4],
  ])('with %s to %s, however the bytes are cut', (one, other, encrypted) => {
    const expected = {
      a: Uint8Array.of(9, 8, 7),
      b: concat(payload, Uint8Array.of(1, 2, 3)),
      encrypted,
      infoHashes: [infoHash, infoHash],
    };
    expect(converse(one, other, [100_000])).toEqual(expected);
    expect(converse(one, other, [1])).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        expect(converse(one, other, sizes)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  test('without an initial payload, and with the longest one', () => {
    expect(converse('required', 'required', [100_000], new Uint8Array(0)).b).toEqual(Uint8Array.of(1, 2, 3));
    const longest = random(65_535);
    expect(converse('required', 'required', [1], longest).b).toEqual(concat(longest, Uint8Array.of(1, 2, 3)));
    expect(() => initiator('allowed', new Uint8Array(65_536))).toThrow(RangeError);
  });
});

/** The specification written down a second time, for peers that do as they like. */
const sha1 = (label: string, ...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha1')
      .update(label)
      .update(concat(...parts))
      .digest(),
  );
const cipher = (label: string, secret: Uint8Array): Rc4 => {
  const rc4 = new Rc4(sha1(label, secret, infoHash));
  rc4.discard(1024);
  return rc4;
};
const xor = (one: Uint8Array, other: Uint8Array): Uint8Array => one.map((byte, index) => byte ^ (other[index] ?? 0));
const encrypted = (rc4: Rc4, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> => {
  const bytes = concat(...parts.map((part) => Uint8Array.from(part)));
  rc4.apply(bytes);
  return bytes;
};

/** Sends `second(secret)` to a responder as an initiator's second part; returns how it ends. */
function attackResponder(second: (secret: Uint8Array) => Uint8Array, policy: EncryptionPolicy = 'allowed') {
  const { privateKey, publicKey } = generateKeyPair(random);
  const b = responder(policy);
  const step = b.feed(publicKey);
  if (step.state !== 'more' || !step.send) throw new Error('it does not answer');
  const secret = sharedSecret(privateKey, step.send.subarray(0, 96)) ?? new Uint8Array(0);
  return feed(b, second(secret), [7]).last;
}

/** An initiator's second part; `head` is what follows VC. */
const secondPart = (secret: Uint8Array, head: readonly number[], padA = 0, verification = new Uint8Array(8)) =>
  concat(
    random(padA),
    sha1('req1', secret),
    xor(sha1('req2', infoHash), sha1('req3', secret)),
    encrypted(cipher('keyA', secret), verification, head),
  );

/** Sends `answer` to an initiator as a responder's second part. */
function attackInitiator(answer: (rc4: Rc4) => Uint8Array, policy: EncryptionPolicy = 'allowed', padB = 0) {
  const a = initiator(policy);
  const theirKey = a.start().subarray(0, 96);
  const { privateKey, publicKey } = generateKeyPair(random);
  const secret = sharedSecret(privateKey, theirKey) ?? new Uint8Array(0);
  return feed(a, concat(publicKey, random(padB), answer(cipher('keyB', secret))), [7]).last;
}

describe('a responder', () => {
  const padC = [...new Uint8Array(512)];
  test('bears pads of 512 bytes, and bits of methods to come', () => {
    const step = attackResponder((secret) => secondPart(secret, [0xf0, 0, 0, 0xf3, 2, 0, ...padC, 0, 1, 77], 512));
    expect(step).toMatchObject({ state: 'done', leftover: Uint8Array.of(77), receive: undefined });
  });

  test.each<[string, (secret: Uint8Array) => Uint8Array, EncryptionPolicy?]>([
    ['too much before the marker', (secret) => secondPart(secret, [0, 0, 0, 3, 0, 0, 0, 0], 513)],
    ['no marker', () => random(532)],
    ['a torrent that is not known', (secret) => concat(sha1('req1', secret), random(20))],
    ['a wrong verification', (secret) => secondPart(secret, [0, 0, 0, 3, 0, 0], 0, new Uint8Array(8).fill(1))],
    ['a long pad', (secret) => secondPart(secret, [0, 0, 0, 3, 2, 1])],
    ['no method that is known', (secret) => secondPart(secret, [0, 0, 0, 4, 0, 0])],
    ['plain bytes only, where RC4 is required', (secret) => secondPart(secret, [0, 0, 0, 1, 0, 0]), 'required'],
  ])('hangs up for %s', (_name, second, policy) => {
    expect(attackResponder(second, policy)).toEqual({ state: 'failed', reason: expect.any(String) });
  });

  test('takes the only method that is offered', () => {
    const step = attackResponder((secret) => secondPart(secret, [0, 0, 0, 1, 0, 0, 0, 0]), 'preferred');
    expect(step).toMatchObject({ state: 'done', transmit: undefined });
  });

  test('answers nothing to a key that gives the secret away', () => {
    expect(responder('allowed').feed(new Uint8Array(96))).toEqual({ state: 'failed', reason: expect.any(String) });
  });
});

describe('an initiator', () => {
  test('bears pads of 512 bytes', () => {
    const answer = (rc4: Rc4): Uint8Array => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 2, 2, 0], random(512));
    expect(attackInitiator(answer, 'required', 512)).toMatchObject({ state: 'done', infoHash });
  });

  test.each<[string, (rc4: Rc4) => Uint8Array, EncryptionPolicy?, number?]>([
    [
      'too much before the verification',
      (rc4) => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 1, 0, 0]),
      'allowed',
      513,
    ],
    ['no verification', () => random(520)],
    ['a long pad', (rc4) => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 1, 2, 1])],
    ['both methods at once', (rc4) => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 3, 0, 0])],
    ['no method', (rc4) => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 0, 0, 0])],
    ['a method that was not offered', (rc4) => encrypted(rc4, new Uint8Array(8), [0, 0, 0, 1, 0, 0]), 'required'],
  ])('hangs up for %s', (_name, answer, policy, padB) => {
    expect(attackInitiator(answer, policy, padB)).toEqual({ state: 'failed', reason: expect.any(String) });
  });
});

test('random bytes end either side soon, without an exception; afterwards it stays failed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 700, maxLength: 900 }), fc.integer({ min: 1, max: 900 }), (bytes, size) => {
      const a = initiator('preferred');
      a.start();
      for (const side of [a, responder('preferred')]) {
        expect(feed(side, bytes, [size]).last.state).toBe('failed');
        expect(side.feed(bytes).state).toBe('failed');
      }
    }),
  );
});
