import type { Clock } from '../contracts/clock.ts';
import type { Peer } from './peer.ts';

/** For trackers to answer, and for somebody to be connected: WebRTC needs a second or two. */
const GRACE_MS = 2500;
/** For a peer to unchoke us, and to come to its speed. */
const SETTLE_MS = 4000;

/** Which pieces sources may bring: all of them, those that no peer has, or none. */
export type SourceUse = 'all' | 'rest' | 'none';

export interface PeersFirstOptions {
  readonly clock: Clock;
  readonly peers: ReadonlySet<Peer>;
  /** Bytes per second with which peers are fast enough to leave the web seeds alone. */
  readonly leastRate: number;
  /** May somebody still be found soon? */
  readonly isHopeful: () => boolean;
}

/**
 * What web seeds are read for, where peers are to relieve them: nothing while there is hope for a peer in the beginning, and what no peer has while
 * peers bring bytes fast enough.
 */
export class PeersFirst {
  readonly #options: PeersFirstOptions;
  readonly #begun: number;
  /** Since when there has been a peer that has something for us. */
  #usefulSince: number | undefined;

  constructor(options: PeersFirstOptions) {
    this.#options = options;
    this.#begun = options.clock.now();
  }

  /** To be asked about once in a second. */
  use(): SourceUse {
    const { clock, leastRate, isHopeful } = this.#options;
    const now = clock.now();
    if (!this.#isAnyUseful()) {
      this.#usefulSince = undefined;
      return now - this.#begun >= GRACE_MS || !isHopeful() ? 'all' : 'none';
    }
    this.#usefulSince ??= now;
    return now - this.#usefulSince >= SETTLE_MS && this.#rate() < leastRate ? 'all' : 'rest';
  }

  #isAnyUseful(): boolean {
    for (const peer of this.#options.peers) if (peer.wanted > 0) return true;
    return false;
  }

  #rate(): number {
    let rate = 0;
    for (const { received } of this.#options.peers) rate += received.perSecond;
    return rate;
  }
}
