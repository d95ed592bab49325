import type { Bitfield } from '../base/bitfield.ts';
import type { Peer } from './peer.ts';
import type { Picker } from './picker.ts';

/** Which peer has which piece, which of them we tell that we want something, and how rare each piece is. */
export class Interest {
  readonly #picker: Picker;
  readonly #have: Bitfield;
  readonly #told = new WeakSet<Peer>();

  /** `have` is what is verified and stored; it is read, not changed. */
  constructor(picker: Picker, have: Bitfield) {
    this.#picker = picker;
    this.#have = have;
  }

  /**
   * The peer has sent its bitfield: undefined when it is of another length. aria2 sends more of them in place of HAVE messages; looking at one costs
   * no more than it has bytes. Returns whether it was good.
   */
  says(peer: Peer, pieces: Bitfield | undefined): boolean {
    if (!pieces) return false;
    this.#told.add(peer);
    this.#replace(peer, pieces);
    return true;
  }

  /** The peer has everything, or nothing: five bytes that make much work, so it may say that once, and first (BEP 6). */
  saysShort(peer: Peer, pieces: Bitfield): boolean {
    return !this.#told.has(peer) && this.says(peer, pieces);
  }

  #replace(peer: Peer, pieces: Bitfield): void {
    this.forget(peer);
    peer.pieces = pieces;
    this.#picker.peerHas(pieces, 1);
    this.count(peer);
  }

  /** The peer has one more piece. Returns whether that is news. */
  got(peer: Peer, piece: number): boolean {
    if (!peer.pieces?.add(piece)) return false;
    this.#picker.pieceSeen(piece, 1);
    if (peer.pieces.isFull) this.#picker.becameSeed();
    if (this.#isWanted(piece)) peer.wanted++;
    peer.setInterested(peer.wanted > 0);
    return true;
  }

  /** We have one more piece. */
  stored(piece: number, peers: Iterable<Peer>): void {
    if (this.#picker.priority(piece) === 0) return;
    for (const peer of peers) {
      if (!peer.has(piece)) continue;
      peer.wanted--;
      peer.setInterested(peer.wanted > 0);
    }
  }

  /** We want one more piece. */
  wants(peer: Peer, piece: number): void {
    if (!peer.has(piece)) return;
    peer.wanted++;
    peer.setInterested(true);
  }

  /** Counts anew what a peer has for us: what is wanted has changed. */
  count(peer: Peer): void {
    const { pieces } = peer;
    let wanted = 0;
    if (pieces && !this.#have.isFull) {
      for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece) && this.#isWanted(piece)) wanted++;
    }
    peer.wanted = wanted;
    peer.setInterested(wanted > 0);
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    if (peer.pieces) this.#picker.peerHas(peer.pieces, -1);
  }

  #isWanted(piece: number): boolean {
    return !this.#have.has(piece) && this.#picker.priority(piece) > 0;
  }
}
