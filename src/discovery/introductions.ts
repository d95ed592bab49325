import type { Clock } from '../contracts/clock.ts';
import type { Connection } from '../contracts/connection.ts';
import type { OfferedConnection, SessionDescription, SignalledTransport } from '../contracts/signalled-transport.ts';
import { binaryString } from './ws-tracker-messages.ts';

/** Offers that nobody has answered by then are dropped: each holds a socket. */
const OFFER_MS = 50_000;
/** Connections that are being opened at a time for strangers' offers. */
const MOST_ANSWERS = 10;

export interface IntroductionsOptions {
  readonly transport: SignalledTransport;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Ours, as a binary string. */
  readonly peerId: string;
  readonly onConnection: (connection: Connection) => void;
}

/** An offer of ours, under the name by which it is answered. */
export interface Offer {
  readonly offerId: string;
  readonly description: SessionDescription;
}

/** Connections to the peers of one swarm that are being opened, by whom each is with. */
export class Introductions {
  readonly #options: IntroductionsOptions;
  readonly #offers = new Map<string, OfferedConnection>();
  /** With whom a connection is being opened, and who has offered it. */
  readonly #opening = new Map<string, { readonly isOurs: boolean; readonly stop: AbortController }>();
  readonly #stop = new AbortController();

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /** Is a connection being opened? */
  get isBusy(): boolean {
    return this.#opening.size > 0;
  }

  /** Makes offers; fewer when the platform fails to. */
  async offer(count: number): Promise<Offer[]> {
    const made = await Promise.allSettled(Array.from({ length: count }, () => this.#offerOne()));
    return made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** Somebody offers; resolves to the answer for him, undefined when there is none. */
  async take(peerId: string, offer: SessionDescription): Promise<SessionDescription | undefined> {
    const { transport } = this.#options;
    const answers = [...this.#opening.values()].filter(({ isOurs }) => !isOurs).length;
    const stop = answers < MOST_ANSWERS ? this.#begin(peerId, false) : undefined;
    if (!stop) return undefined;
    try {
      const { description, connection } = await transport.answer(offer, nameOf(peerId), stop.signal);
      void this.#await(peerId, stop, connection);
      return description;
    } catch {
      this.#end(peerId, stop);
      return undefined;
    }
  }

  /** Somebody has answered an offer of ours. */
  async answered(peerId: string, offerId: string, answer: SessionDescription): Promise<void> {
    const offer = this.#offers.get(offerId);
    if (!offer) return;
    this.#offers.delete(offerId);
    const stop = this.#begin(peerId, true);
    if (stop) await this.#await(peerId, stop, offer.complete(answer, nameOf(peerId), stop.signal));
    else offer.drop();
  }

  /** Ends what is not open yet. */
  close(): void {
    this.#stop.abort();
    for (const offer of this.#offers.values()) offer.drop();
    this.#offers.clear();
  }

  async #offerOne(): Promise<Offer> {
    const { transport, clock, randomBytes } = this.#options;
    const offered = await transport.offer(this.#stop.signal);
    const offerId = binaryString(randomBytes(20));
    this.#offers.set(offerId, offered);
    clock.sleep(OFFER_MS, this.#stop.signal).then(
      () => this.#offers.delete(offerId) && offered.drop(),
      () => {},
    );
    return { offerId, description: offered.description };
  }

  /** Two that offer to each other at the same time need one connection: both keep the one that was offered by the lower id. */
  #begin(peerId: string, isOurs: boolean): AbortController | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const other = this.#opening.get(peerId);
    if (other) {
      const isBetter = isOurs !== other.isOurs && isOurs === this.#options.peerId < peerId;
      if (!isBetter) return undefined;
      other.stop.abort(new Error('the other of two connections is kept'));
    }
    const stop = new AbortController();
    this.#opening.set(peerId, { isOurs, stop });
    return stop;
  }

  #end(peerId: string, stop: AbortController): void {
    if (this.#opening.get(peerId)?.stop === stop) this.#opening.delete(peerId);
  }

  async #await(peerId: string, stop: AbortController, opened: Promise<Connection>): Promise<void> {
    const connection = await opened.catch(() => undefined);
    this.#end(peerId, stop);
    if (!connection) return;
    if (stop.signal.aborted || this.#stop.signal.aborted) {
      connection.start({ data: () => {}, closed: () => {} });
      connection.close('it is not wanted any more');
    } else this.#options.onConnection(connection);
  }
}

/** What the other side is called: there is no address that would be known. */
function nameOf(peerId: string): string {
  const hex = [...peerId].map((character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return `webrtc-${hex}`;
}
