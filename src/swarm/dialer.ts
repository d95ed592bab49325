import { sameBytes } from '../base/same-bytes.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Transport } from '../contracts/connection.ts';
import type { Handshake } from '../wire/handshake.ts';
import type { AddressBook, KnownAddress } from './address-book.ts';
import type { ConnectionSlots } from './connection-slots.ts';
import { type Encryption, greetPeer, type PeerArrival } from './peer-intake.ts';

const CONNECT_MS = 10_000;
/** Handshakes under way at a time: each costs a socket that may lead nowhere. */
const MOST_AT_ONCE = 16;

/** To be called once, when a peer is gone. `isSeed`: it had everything. */
export type OnGone = (isSeed: boolean) => void;

export interface DialerOptions {
  readonly book: AddressBook;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly slots: ConnectionSlots;
  readonly encryption: Encryption;
  readonly random: (length: number) => Uint8Array;
  /** What we say about this torrent; `infoHash` is the swarm that the address was found in. */
  readonly greeting: (infoHash: Uint8Array | undefined) => Handshake;
  /** Somebody has answered. `onGone` is to be called when the peer is gone. */
  readonly onPeer: (arrival: PeerArrival, onGone: OnGone) => void;
  readonly signal: AbortSignal;
}

/** Opens connections to the peers of one torrent, as many as there is room for. */
export class Dialer {
  readonly #options: DialerOptions;
  #underWay = 0;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Dials whoever is due. To be called when there are new addresses, and about once in a second. */
  dial(): void {
    const { book, slots, signal } = this.#options;
    while (!signal.aborted && this.#underWay < MOST_AT_ONCE && !slots.isFull) {
      const known = book.next();
      if (!known) return;
      const give = slots.take();
      if (!give) return;
      this.#underWay++;
      void this.#try(known, give).finally(() => {
        this.#underWay--;
        this.dial();
      });
    }
  }

  /** Tries one address, with and without encryption as far as that is allowed. */
  async #try(known: KnownAddress, give: () => void): Promise<void> {
    const { book, encryption } = this.#options;
    const release = (isFailure: boolean, isSeed = false): void => {
      give();
      book.release(known, isFailure, isSeed);
    };
    for (const attempt of attempts(encryption)) {
      const outcome = await this.#attempt(known, attempt, (isSeed) => release(false, isSeed));
      if (outcome === 'peer') return;
      if (outcome === 'self') {
        give();
        book.forget(known);
        return;
      }
      if (outcome === 'unreachable') break;
    }
    release(true);
  }

  async #attempt(
    known: KnownAddress,
    encryption: Encryption,
    onGone: OnGone,
  ): Promise<'peer' | 'self' | 'unreachable' | 'refused'> {
    const { transport, signal, random, greeting, onPeer, clock } = this.#options;
    const connection = await transport
      .connect(known.address, AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]))
      .catch(() => undefined);
    if (!connection) return 'unreachable';
    const own = greeting(known.infoHash);
    return new Promise((resolve) => {
      greetPeer(connection, own, {
        encryption,
        random,
        clock,
        signal,
        onPeer: (arrival) => {
          const isSelf = sameBytes(arrival.handshake.peerId, own.peerId);
          if (isSelf) connection.close('it is ourselves');
          else onPeer(arrival, onGone);
          resolve(isSelf ? 'self' : 'peer');
        },
        onFailure: () => resolve('refused'),
      });
    });
  }
}

/** Plain first, unless it is to be preferred not to; the other way after a refusal. */
function attempts(encryption: Encryption): readonly Encryption[] {
  if (encryption === 'allowed') return ['allowed', 'preferred'];
  return encryption === 'preferred' ? ['preferred', 'off'] : [encryption];
}
