import type { Connection, ConnectionHandler } from '../../src/contracts/connection.ts';
import type { PeerArrival } from '../../src/swarm/peer-intake.ts';
import { PeerStream } from '../../src/swarm/peer-stream.ts';
import type { Handshake } from '../../src/wire/handshake.ts';
import { type BlockRef, decodeMessage, type Message, writeBlockHeader } from '../../src/wire/messages.ts';

/** The far end of a connection, played by a test: it hears what is sent, and says what the test says. No network, no time. */
export class ScriptedPeer implements Connection {
  readonly remote: { readonly host: string; readonly port: number };
  readonly incoming = true;
  /** What the test says that lies unread. */
  queued = 0;
  /** Why we closed it. */
  closed: string | undefined;
  /** All that it heard. */
  readonly heard: Message[] = [];
  #handler: ConnectionHandler | undefined;

  constructor(host: string) {
    this.remote = { host, port: 1 };
  }

  /** As if it had shaken hands. */
  arrive(handshake: Partial<Handshake> & Pick<Handshake, 'infoHash'>): PeerArrival {
    return {
      stream: new PeerStream(this),
      handshake: { peerId: new Uint8Array(20), extended: false, fast: true, dht: false, v2: false, ...handshake },
      leftover: new Uint8Array(0),
    };
  }

  /** It sends bytes. */
  say(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#handler?.data(part.slice());
  }

  /** It sends a block, or the first bytes of one. */
  sayBlock(ref: BlockRef, bytes: Uint8Array, upTo: number = bytes.length): void {
    const head = new Uint8Array(13);
    writeBlockHeader(head, 0, ref);
    this.say(head, bytes.subarray(0, upTo));
  }

  /** Blocks that it was asked for. */
  get requests(): BlockRef[] {
    return this.heard.flatMap((message) => (message.kind === 'request' ? [message] : []));
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at)) {
      const frame = bytes.slice(at + 4, at + 4 + view.getUint32(at));
      const message = decodeMessage(frame);
      if (message) this.heard.push(message);
    }
    sent?.();
  }

  pause(): void {}
  resume(): void {}

  close(reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = reason;
    this.#handler?.closed(reason);
  }
}
