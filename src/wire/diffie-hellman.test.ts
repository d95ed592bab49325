import { createDiffieHellman, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../base/hex.ts';
import { generateKeyPair, sharedSecret } from './diffie-hellman.ts';

const PRIME =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563';
const number = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(192, '0'));
const P = BigInt(`0x${PRIME}`);

test('both sides come to the same secret', () => {
  for (let round = 0; round < 20; round++) {
    const one = generateKeyPair(randomBytes);
    const other = generateKeyPair(randomBytes);
    expect(one.publicKey.length).toBe(96);
    const secret = sharedSecret(one.privateKey, other.publicKey);
    expect(secret?.length).toBe(96);
    expect(secret).toEqual(sharedSecret(other.privateKey, one.publicKey));
  }
});

test("the numbers are those of Node's own implementation", () => {
  const theirs = createDiffieHellman(Buffer.from(PRIME, 'hex'), Buffer.of(2));
  const theirKey = fromHex(theirs.generateKeys('hex').padStart(192, '0'));
  const ours = generateKeyPair(randomBytes);
  const secret = sharedSecret(ours.privateKey, theirKey) ?? new Uint8Array(0);
  expect(toHex(secret)).toBe(theirs.computeSecret(ours.publicKey).toString('hex').padStart(192, '0'));
});

test('small numbers keep their leading zeros', () => {
  const { publicKey } = generateKeyPair(() => Uint8Array.of(...new Uint8Array(19), 3));
  expect(toHex(publicKey)).toBe('08'.padStart(192, '0'));
});

test.each([
  ['0', number(0n)],
  ['1', number(1n)],
  ['P-1', number(P - 1n)],
  ['P', number(P)],
  ['above P', number(P + 5n)],
  ['2^768-1', new Uint8Array(96).fill(255)],
  ['too short', new Uint8Array(95).fill(9)],
  ['nothing', new Uint8Array(0)],
])('a public key that is %s is refused', (_name, key) => {
  expect(sharedSecret(12345n, key)).toBeUndefined();
});
