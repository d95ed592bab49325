import type { Peer } from './peer.ts';

/** Bytes of blocks, and how fast. */
export interface TrafficNumbers {
  readonly received: number;
  readonly sent: number;
  /** Bytes per second. */
  readonly downRate: number;
  readonly upRate: number;
}

/** What all peers of a torrent have sent and been sent, those that are gone too. */
export class Traffic {
  readonly #peers: ReadonlySet<Peer>;
  #received = 0;
  #sent = 0;

  constructor(peers: ReadonlySet<Peer>) {
    this.#peers = peers;
  }

  /** The peer is not among the peers any more. */
  left({ received, sent }: Peer): void {
    this.#received += received.total;
    this.#sent += sent.total;
  }

  read(): TrafficNumbers {
    let [received, sent, downRate, upRate] = [this.#received, this.#sent, 0, 0];
    for (const peer of this.#peers) {
      received += peer.received.total;
      sent += peer.sent.total;
      downRate += peer.received.perSecond;
      upRate += peer.sent.perSecond;
    }
    return { received, sent, downRate, upRate };
  }
}
