import { toHex } from '../base/hex.ts';

/** Public keys and shared secrets, big-endian with leading zeros. */
export const PUBLIC_KEY_BYTES = 96;
const PRIVATE_KEY_BYTES = 20;

/** The group of Message Stream Encryption: a safe prime of 768 bits (not quite that of RFC 2409), and 2. */
const P =
  0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563n;
const G = 2n;

/** One side's keys. */
export interface KeyPair {
  readonly privateKey: bigint;
  /** 96 bytes. */
  readonly publicKey: Uint8Array;
}

/**
 * Makes the keys of one connection; takes a third of a millisecond.
 *
 * @param random gives bytes from a good source.
 */
export function generateKeyPair(random: (length: number) => Uint8Array): KeyPair {
  const privateKey = fromBytes(random(PRIVATE_KEY_BYTES));
  return { privateKey, publicKey: toBytes(power(G, privateKey)) };
}

/** The 96 bytes that both sides come to; undefined for a public key that gives them away (0, 1, P-1) or is none. */
export function sharedSecret(privateKey: bigint, publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
  const key = fromBytes(publicKey);
  return key > 1n && key < P - 1n ? toBytes(power(key, privateKey)) : undefined;
}

/** base^exponent modulo P, four bits at a time. */
function power(base: bigint, exponent: bigint): bigint {
  const powers = [1n];
  for (let last = 1n; powers.length < 16; powers.push(last)) last = (last * base) % P;
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let bit = 0; bit < 4; bit++) result = (result * result) % P;
    result = (result * (powers[Number.parseInt(digit, 16)] ?? 1n)) % P;
  }
  return result;
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes(value: bigint): Uint8Array {
  const hex = value.toString(16).padStart(2 * PUBLIC_KEY_BYTES, '0');
  return Uint8Array.from({ length: PUBLIC_KEY_BYTES }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
