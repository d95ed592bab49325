import type { Connection } from '../contracts/connection.ts';
import type { StreamCipher } from '../wire/encryption.ts';

/** A connection whose bytes may be enciphered, and which passes from the handshake to the peer that it turned out to be. */
export class PeerStream {
  readonly connection: Connection;
  /** Who gets the bytes now. They are valid during the call. */
  onData: (bytes: Uint8Array) => void = () => {};
  onClosed: (reason: string) => void = () => {};
  /** Why it ended, once it has: whoever takes it over then hears no more of it. */
  closedFor: string | undefined;
  #receiving: StreamCipher | undefined;
  #sending: StreamCipher | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        this.#receiving?.apply(bytes);
        this.onData(bytes);
      },
      closed: (reason) => {
        this.closedFor = reason;
        this.onClosed(reason);
      },
    });
  }

  get isEncrypted(): boolean {
    return this.#receiving !== undefined;
  }

  /** All bytes from now on are enciphered. */
  encrypt(receiving: StreamCipher | undefined, sending: StreamCipher | undefined): void {
    this.#receiving = receiving;
    this.#sending = sending;
  }

  /** As `Connection.send`. */
  send(bytes: Uint8Array, sent?: () => void): void {
    if (!this.#sending) {
      this.connection.send(bytes, sent);
      return;
    }
    const enciphered = bytes.slice();
    this.#sending.apply(enciphered);
    this.connection.send(enciphered, sent);
  }

  close(reason: string): void {
    this.connection.close(reason);
  }
}
