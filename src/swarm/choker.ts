import type { Clock } from '../contracts/clock.ts';
import type { Peer } from './peer.ts';

/** How often it is decided anew who is served. */
const ROUND_MS = 10_000;
/** Every third round somebody gets a chance who has not earned it: newcomers have nothing to give yet. */
const OPTIMISTIC_ROUNDS = 3;
const DEFAULT_SLOTS = 8;

export interface ChokerOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly peers: ReadonlySet<Peer>;
  /** Do we have everything? Then those are served who take the most, else those who give the most. */
  readonly isSeeding: () => boolean;
  /** A peer is choked: what it asked for will not be sent. */
  readonly onChoke: (peer: Peer) => void;
  readonly slots?: number;
}

/** Decides which peers are served (BEP 3): so many at a time, and one of them by chance. */
export class Choker {
  readonly #options: ChokerOptions;
  readonly #slots: number;
  #optimistic: Peer | undefined;
  #round = 0;
  #decidedAt: number;

  constructor(options: ChokerOptions) {
    this.#options = options;
    this.#slots = options.slots ?? DEFAULT_SLOTS;
    this.#decidedAt = options.clock.now();
  }

  /** To be called about once in a second. */
  tick(): void {
    if (this.#options.clock.now() - this.#decidedAt < ROUND_MS) return;
    this.#decidedAt = this.#options.clock.now();
    if (this.#round++ % OPTIMISTIC_ROUNDS === 0) this.#optimistic = undefined;
    this.decide();
  }

  /** A peer has become interested: it is served at once while there is room. */
  interested(peer: Peer): void {
    const served = [...this.#options.peers].filter(({ amChoking }) => !amChoking).length;
    if (served < this.#slots) peer.setChoking(false);
  }

  decide(): void {
    const { peers, isSeeding, random } = this.#options;
    const wanting = [...peers].filter((peer) => peer.isInterested && !peer.isSnubbed);
    const speed = (peer: Peer): number => (isSeeding() ? peer.sent : peer.received).perSecond;
    wanting.sort((one, other) => speed(other) - speed(one));
    const served = new Set(wanting.slice(0, this.#slots - 1));
    const others = wanting.filter((peer) => !served.has(peer));
    if (!this.#optimistic || !others.includes(this.#optimistic)) {
      this.#optimistic = others[Math.floor(random() * others.length)];
    }
    if (this.#optimistic) served.add(this.#optimistic);
    for (const peer of peers) this.#apply(peer, served.has(peer));
  }

  #apply(peer: Peer, isServed: boolean): void {
    if (peer.amChoking === !isServed) return;
    peer.setChoking(!isServed);
    if (!isServed) this.#options.onChoke(peer);
  }
}
