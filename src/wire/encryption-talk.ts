import { concat } from '../base/concat.ts';
import { ByteQueue } from './byte-queue.ts';

/** Encrypts or decrypts one direction of a connection, in place. */
export interface StreamCipher {
  apply(bytes: Uint8Array): void;
}

/** Where an encryption handshake stands after bytes were read. */
export type HandshakeStep =
  /** The other side's turn, once `send` is sent. */
  | { readonly state: 'more'; readonly send: Uint8Array | undefined }
  | ({ readonly state: 'done'; readonly send: Uint8Array | undefined } & Agreement)
  /** `reason` is for people. The connection is of no use any more. */
  | { readonly state: 'failed'; readonly reason: string };

/** What both sides have come to. */
export interface Agreement {
  /** Decrypts what comes from now on; undefined: it comes as it is. */
  readonly receive: StreamCipher | undefined;
  /** Encrypts what is sent from now on, after `send`. */
  readonly transmit: StreamCipher | undefined;
  /** What came behind the handshake, decrypted: the first bytes of the peer protocol. */
  readonly leftover: Uint8Array;
  /** 20 bytes: the torrent that it is about. */
  readonly infoHash: Uint8Array;
}

/** One side of a handshake, written down as one conversation: it yields while bytes are missing, and returns a reason when it fails. */
export type Script = Generator<undefined, Agreement | string, undefined>;

/** Runs a script on bytes as they come. */
export class Talk {
  readonly #incoming: ByteQueue = new ByteQueue();
  #outgoing: Uint8Array[] = [];
  readonly #script: Script;
  #over = false;

  constructor(script: (talk: Talk) => Script) {
    this.#script = script(this);
  }

  /** Reads on; `bytes` are copied. */
  feed(bytes: Uint8Array): HandshakeStep {
    if (this.#over) return { state: 'failed', reason: 'the encryption handshake is over' };
    this.#incoming.push(bytes);
    const { done, value } = this.#script.next();
    const send = this.#outgoing.length > 0 ? concat(this.#outgoing) : undefined;
    this.#outgoing = [];
    if (!done) return { state: 'more', send };
    this.#over = true;
    return typeof value === 'string' ? { state: 'failed', reason: value } : { state: 'done', send, ...value };
  }

  /** For scripts: sends bytes. */
  say(...parts: readonly Uint8Array[]): void {
    this.#outgoing.push(...parts);
  }

  /** For scripts: the next bytes, valid until the script yields; decrypted in place where there is a cipher. */
  *read(count: number, cipher?: StreamCipher): Generator<undefined, Uint8Array, undefined> {
    for (;;) {
      const bytes = this.#incoming.take(count);
      if (bytes) {
        cipher?.apply(bytes);
        return bytes;
      }
      yield;
    }
  }

  /** For scripts: goes on behind `marker`; false when it does not come after at most `most` other bytes. */
  *skipPast(marker: Uint8Array, most: number): Generator<undefined, boolean, undefined> {
    for (;;) {
      const place = this.#incoming.indexOf(marker, most);
      if (place >= 0) return this.#incoming.take(place + marker.length) !== undefined;
      if (this.#incoming.length >= most + marker.length) return false;
      yield;
    }
  }

  /** For scripts: all that has come and was not read, as a copy. */
  rest(cipher: StreamCipher | undefined): Uint8Array {
    const bytes = Uint8Array.from(this.#incoming.take(this.#incoming.length) ?? []);
    cipher?.apply(bytes);
    return bytes;
  }
}
