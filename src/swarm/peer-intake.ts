import type { Clock } from '../contracts/clock.ts';
import type { Connection } from '../contracts/connection.ts';
import {
  EncryptionInitiator,
  type EncryptionPolicy,
  EncryptionResponder,
  type HandshakeStep,
} from '../wire/encryption.ts';
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
  type Handshake,
  startsLikeHandshake,
} from '../wire/handshake.ts';
import { PeerStream } from './peer-stream.ts';

/** Whoever has not said by then who he is will not. */
const HANDSHAKE_MS = 10_000;

/** `off`: only plain connections. */
export type Encryption = 'off' | EncryptionPolicy;

/** How a handshake ended well. */
export interface PeerArrival {
  readonly stream: PeerStream;
  /** Theirs. */
  readonly handshake: Handshake;
  /** Bytes that came behind it; valid during the call. */
  readonly leftover: Uint8Array;
}

export interface IntakeOptions {
  readonly encryption: Encryption;
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Bytes from a good source. */
  readonly random: (length: number) => Uint8Array;
  /** Called once, when both sides have said who they are. */
  readonly onPeer: (arrival: PeerArrival) => void;
  /** Called once, when it came to nothing. */
  readonly onFailure: (reason: string) => void;
}

/** Shakes hands on a connection that we opened, within 10 seconds. `own` is what we say. */
export function greetPeer(connection: Connection, own: Handshake, options: IntakeOptions): void {
  const intake = new Intake(connection, options);
  const hello = encodeHandshake(own);
  if (options.encryption === 'off' || options.encryption === 'allowed') intake.stream.send(hello);
  else {
    const initiator = new EncryptionInitiator({
      infoHash: own.infoHash.subarray(0, 20),
      policy: options.encryption,
      random: options.random,
      initialPayload: hello,
    });
    intake.stream.send(initiator.start());
    intake.encrypt((bytes) => initiator.feed(bytes));
  }
}

/**
 * Answers a connection that was opened to us, within 10 seconds. `answer` gives what we say about a torrent, or undefined when we do not have it;
 * `infoHashOf` finds the torrent that an encrypted handshake means (`encryptionLookupKey`).
 */
export function answerPeer(
  connection: Connection,
  options: IntakeOptions & {
    readonly answer: (theirs: Handshake) => Handshake | undefined;
    readonly infoHashOf: (lookupKey: string) => Uint8Array | undefined;
  },
): void {
  const intake = new Intake(connection, options);
  intake.onHandshake = (theirs) => {
    const own = options.answer(theirs);
    if (own) intake.stream.send(encodeHandshake(own));
    return own !== undefined;
  };
  intake.onFirstBytes = (bytes) => {
    const isPlain = startsLikeHandshake(bytes);
    if (isPlain && options.encryption === 'required') {
      intake.fail('it does not encrypt');
      return;
    }
    if (isPlain) return;
    if (options.encryption === 'off') {
      intake.fail('it speaks another protocol, or encrypts');
      return;
    }
    const { encryption: policy, infoHashOf, random } = options;
    const responder = new EncryptionResponder({ infoHashOf, policy, random });
    intake.encrypt((part) => responder.feed(part));
  };
}

/** A connection until it is known who is at its other end. */
class Intake {
  readonly stream: PeerStream;
  /** Is the other side one of ours? */
  onHandshake: (theirs: Handshake) => boolean = () => true;
  onFirstBytes: (bytes: Uint8Array) => void = () => {};
  readonly #options: IntakeOptions;
  #feed: ((bytes: Uint8Array) => HandshakeStep) | undefined;
  #gathered: Uint8Array = new Uint8Array(0);
  #isFirst = true;
  readonly #over = new AbortController();

  constructor(connection: Connection, options: IntakeOptions) {
    this.#options = options;
    this.stream = new PeerStream(connection);
    this.stream.onData = (bytes) => this.#take(bytes);
    this.stream.onClosed = (reason) => this.fail(reason);
    void this.#limitTime();
  }

  encrypt(feed: (bytes: Uint8Array) => HandshakeStep): void {
    this.#feed = feed;
  }

  fail(reason: string): void {
    if (this.#isOver) return;
    this.#over.abort();
    this.stream.close(reason);
    this.#options.onFailure(reason);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #limitTime(): Promise<void> {
    const { clock, signal } = this.#options;
    try {
      await clock.sleep(HANDSHAKE_MS, AbortSignal.any([signal, this.#over.signal]));
      this.fail('it did not shake hands in time');
    } catch {
      this.fail('nobody waits for it any more');
    }
  }

  #take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#isFirst) {
      this.#isFirst = false;
      this.onFirstBytes(bytes);
      if (this.#isOver) return;
    }
    if (!this.#feed) {
      this.#takePlain(bytes);
      return;
    }
    const step = this.#feed(bytes);
    if (step.state === 'failed') {
      this.fail(step.reason);
      return;
    }
    if (step.send) this.stream.send(step.send);
    if (step.state === 'more') return;
    this.#feed = undefined;
    this.stream.encrypt(step.receive, step.transmit);
    this.#takePlain(step.leftover);
  }

  #takePlain(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#gathered.length + bytes.length);
    all.set(this.#gathered);
    all.set(bytes, this.#gathered.length);
    this.#gathered = all;
    if (!startsLikeHandshake(all)) {
      this.fail('it did not shake hands');
      return;
    }
    if (all.length < HANDSHAKE_BYTES) return;
    const handshake = decodeHandshake(all);
    if (!handshake || !this.onHandshake(handshake)) {
      this.fail('it wants a torrent that is not here');
      return;
    }
    this.#over.abort();
    this.#options.onPeer({ stream: this.stream, handshake, leftover: all.subarray(HANDSHAKE_BYTES) });
  }
}
