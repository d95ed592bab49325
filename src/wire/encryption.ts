import { concat } from '../base/concat.ts';
import { toHex } from '../base/hex.ts';
import { generateKeyPair, PUBLIC_KEY_BYTES, sharedSecret } from './diffie-hellman.ts';
import { maskWithSecret, startMarker, streamCiphers, torrentMarker } from './encryption-keys.ts';
import { type Agreement, type HandshakeStep, type Script, type StreamCipher, Talk } from './encryption-talk.ts';
import { readUint32 } from './messages.ts';

export { encryptionLookupKey } from './encryption-keys.ts';
export type { Agreement, HandshakeStep, StreamCipher } from './encryption-talk.ts';

/**
 * What may follow the handshake: plain bytes or RC4. `allowed`: either, rather plain; `preferred`: either, rather RC4; `required`: RC4.
 * The responder chooses.
 */
export type EncryptionPolicy = 'allowed' | 'preferred' | 'required';

const PLAIN = 1;
const RC4 = 2;
/** Of every pad. */
const LONGEST_PAD = 512;
const LONGEST_PAYLOAD = 65_535;
/** VC: eight zero bytes, by which the initiator finds where the responder's second part begins. */
const VERIFICATION = new Uint8Array(8);

export interface InitiatorOptions {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly policy: EncryptionPolicy;
  /** Bytes from a good source. */
  readonly random: (length: number) => Uint8Array;
  /** IA: the first bytes of the peer protocol, which travel with the handshake; at most 65,535. */
  readonly initialPayload: Uint8Array;
}

/**
 * The side that connects, of Message Stream Encryption (the specification is Vuze's): bytes in, bytes out, no time limit of its own.
 * Holds at most 700 bytes and what came with them.
 */
export class EncryptionInitiator {
  readonly #talk: Talk;

  /** Throws RangeError when the payload is too long. */
  constructor(options: InitiatorOptions) {
    if (options.initialPayload.length > LONGEST_PAYLOAD) throw new RangeError('the initial payload is too long');
    this.#talk = new Talk((talk) => initiate(talk, options));
  }

  /** The bytes that begin the handshake. Must be called once, before `feed`. */
  start(): Uint8Array {
    const step = this.#talk.feed(new Uint8Array(0));
    return (step.state === 'more' ? step.send : undefined) ?? new Uint8Array(0);
  }

  /** Reads what the other side sent, in parts of any size. */
  feed(bytes: Uint8Array): HandshakeStep {
    return this.#talk.feed(bytes);
  }
}

export interface ResponderOptions {
  /** Finds a torrent by its `encryptionLookupKey`. */
  readonly infoHashOf: (lookupKey: string) => Uint8Array | undefined;
  readonly policy: EncryptionPolicy;
  /** Bytes from a good source. */
  readonly random: (length: number) => Uint8Array;
}

/** The side that was connected to. Holds at most 1 KiB, the initial payload, and what came with them. */
export class EncryptionResponder {
  readonly #talk: Talk;

  constructor(options: ResponderOptions) {
    this.#talk = new Talk((talk) => respond(talk, options));
  }

  /** Reads what the other side sent, in parts of any size. */
  feed(bytes: Uint8Array): HandshakeStep {
    return this.#talk.feed(bytes);
  }
}

function* initiate(talk: Talk, { infoHash, policy, random, initialPayload }: InitiatorOptions): Script {
  const { privateKey, publicKey } = generateKeyPair(random);
  talk.say(publicKey, pad(random));
  const secret = sharedSecret(privateKey, yield* talk.read(PUBLIC_KEY_BYTES));
  if (!secret) return 'the public key is invalid';
  const { fromInitiator: transmit, fromResponder: receive } = streamCiphers(secret, infoHash);
  const offered = methodsOf(policy);
  const padC = pad(random);
  const secretPart = concat([
    VERIFICATION,
    Uint8Array.of(0, 0, 0, offered, ...uint16(padC.length)),
    padC,
    Uint8Array.from(uint16(initialPayload.length)),
    initialPayload,
  ]);
  transmit.apply(secretPart);
  talk.say(startMarker(secret), maskWithSecret(torrentMarker(infoHash), secret), secretPart);

  const marker = VERIFICATION.slice();
  receive.apply(marker);
  if (!(yield* talk.skipPast(marker, LONGEST_PAD))) return 'the other side does not know the torrent';
  const head = yield* talk.read(6, receive);
  const method = readUint32(head, 0);
  const padLength = readUint16(head, 4);
  if ((method !== PLAIN && method !== RC4) || (method & offered) === 0)
    return 'a method was chosen that was not offered';
  if (padLength > LONGEST_PAD) return 'a pad is too long';
  yield* talk.read(padLength, receive);
  return agree(talk, method, receive, transmit, infoHash);
}

function* respond(talk: Talk, { infoHashOf, policy, random }: ResponderOptions): Script {
  const theirKey = yield* talk.read(PUBLIC_KEY_BYTES);
  const { privateKey, publicKey } = generateKeyPair(random);
  const secret = sharedSecret(privateKey, theirKey);
  if (!secret) return 'the public key is invalid';
  talk.say(publicKey, pad(random));
  if (!(yield* talk.skipPast(startMarker(secret), LONGEST_PAD))) return 'it is no handshake of the peer protocol';
  const infoHash = infoHashOf(toHex(maskWithSecret(yield* talk.read(20), secret)));
  if (!infoHash) return 'the torrent is not known';
  const { fromInitiator: receive, fromResponder: transmit } = streamCiphers(secret, infoHash);
  const head = yield* talk.read(VERIFICATION.length + 6, receive);
  if (head.subarray(0, VERIFICATION.length).some((byte) => byte !== 0)) return 'the verification is wrong';
  const method = chooseMethod(readUint32(head, VERIFICATION.length), policy);
  const padLength = readUint16(head, VERIFICATION.length + 4);
  if (method === undefined) return 'no method is offered that we may use';
  if (padLength > LONGEST_PAD) return 'a pad is too long';
  yield* talk.read(padLength, receive);
  const payloadLength = readUint16(yield* talk.read(2, receive), 0);
  // A copy, since it is decrypted before what comes behind it, if that is encrypted at all.
  const payload = Uint8Array.from(yield* talk.read(payloadLength, receive));
  const padD = pad(random);
  const answer = concat([VERIFICATION, Uint8Array.of(0, 0, 0, method, ...uint16(padD.length)), padD]);
  transmit.apply(answer);
  talk.say(answer);
  const agreement = agree(talk, method, receive, transmit, infoHash);
  return { ...agreement, leftover: concat([payload, agreement.leftover]) };
}

function agree(
  talk: Talk,
  method: number,
  receive: StreamCipher,
  transmit: StreamCipher,
  infoHash: Uint8Array,
): Agreement {
  const ciphers = method === RC4 ? { receive, transmit } : { receive: undefined, transmit: undefined };
  return { ...ciphers, leftover: talk.rest(ciphers.receive), infoHash };
}

function methodsOf(policy: EncryptionPolicy): number {
  return policy === 'required' ? RC4 : PLAIN | RC4;
}

/** Other bits than those of the two methods are for the future. */
function chooseMethod(offered: number, policy: EncryptionPolicy): number | undefined {
  const common = offered & methodsOf(policy);
  if (common === (PLAIN | RC4)) return policy === 'preferred' ? RC4 : PLAIN;
  return common === 0 ? undefined : common;
}

/** Random bytes, at most 512, so that handshakes have no length to be recognised by. */
function pad(random: (length: number) => Uint8Array): Uint8Array {
  return random(readUint16(random(2), 0) % (LONGEST_PAD + 1));
}

function uint16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
