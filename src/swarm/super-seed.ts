import type { Bitfield } from '../base/bitfield.ts';
import { encodeHave } from '../wire/messages.ts';
import type { Peer } from './peer.ts';

/**
 * BEP 16: a seed that seems to have nothing, and shows each peer one piece after the other, a new one when the last has been passed on. So the first
 * copy of everything goes out with few bytes sent twice.
 */
export class SuperSeed {
  readonly #peers: ReadonlySet<Peer>;
  /** How often each piece was shown. */
  readonly #shown: Uint16Array;
  /** The piece that a peer was shown last. */
  readonly #offers = new Map<Peer, number>();

  /** `have` is what we have: everything. */
  constructor(have: Bitfield, peers: ReadonlySet<Peer>) {
    this.#peers = peers;
    this.#shown = new Uint16Array(have.size);
  }

  /** A peer has come and has said what it has, or has passed its piece on: it is shown one that it lacks, the least shown first. */
  show(peer: Peer): void {
    let best: number | undefined;
    for (const [piece, shown] of this.#shown.entries()) {
      if (!peer.has(piece) && (best === undefined || shown < (this.#shown[best] ?? 0))) best = piece;
    }
    if (best === undefined) return;
    this.#shown[best] = (this.#shown[best] ?? 0) + 1;
    this.#offers.set(peer, best);
    peer.send(encodeHave(best));
  }

  /** A peer has one more piece: whoever was shown it has passed it on. One that is alone has nobody to pass it on to. */
  got(peer: Peer, piece: number): void {
    const isAlone = this.#peers.size <= 1;
    for (const [other, offer] of this.#offers) {
      if (offer === piece && (other !== peer || isAlone)) this.show(other);
    }
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    this.#offers.delete(peer);
  }
}
