import { KEY_BYTES, KEY_WORDS, KeyIndex } from './key-index.ts';
import { Rings } from './rings.ts';
import { enlarge8, enlarge32, Slots } from './slots.ts';

const FIRST_CAPACITY = 1024;

/** What a row says besides: bits. */
export const IS_SEED = 1;
export const IS_PARTIAL = 2;
export const IS_V6 = 4;
export const IS_CONNECTED = 8;

/**
 * The peers: a row of numbers for each, 67 bytes, and 8 to 20 for finding it. The key of a row is the peer's address and port, of one that is reached through its
 * connection its id; `others` has what is not the key: the id, or the connection's number.
 */
export class PeerTable {
  readonly #slots = new Slots();
  readonly #index = new KeyIndex();
  #capacity = FIRST_CAPACITY;
  keys: Uint32Array = new Uint32Array(FIRST_CAPACITY * KEY_WORDS);
  others: Uint32Array = new Uint32Array(FIRST_CAPACITY * KEY_WORDS);
  /** Twice the swarm's row, and 1 more for connected peers: one key may be there in both kinds. */
  places: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  flags: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** Where it is in the time wheel. */
  expiries: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  /** The rings of swarms. */
  readonly rings: Rings = new Rings(FIRST_CAPACITY);
  /** The rings of the time wheel. */
  readonly wheel: Rings = new Rings(FIRST_CAPACITY);
  /** The same memory as bytes. */
  keyBytes: Uint8Array = new Uint8Array(this.keys.buffer);
  otherBytes: Uint8Array = new Uint8Array(this.others.buffer);

  get count(): number {
    return this.#slots.used;
  }

  find(place: number, key: Uint32Array): number {
    return this.#index.find(this.keys, this.places, key, place);
  }

  add(place: number, key: Uint32Array, other: Uint32Array, flags: number): number {
    const peer = this.#slots.take(this.rings.next);
    if (peer >= this.#capacity) this.#grow();
    this.keys.set(key, peer * KEY_WORDS);
    this.others.set(other, peer * KEY_WORDS);
    this.places[peer] = place;
    this.flags[peer] = flags;
    this.#index.add(this.keys, this.places, peer);
    return peer;
  }

  /** It must be out of all rings. */
  remove(peer: number): void {
    this.#index.delete(this.keys, this.places, peer);
    this.#slots.give(peer, this.rings.next);
  }

  /** Copies the first `length` bytes of a row's key. */
  copyKey(peer: number, length: number, target: Uint8Array, at: number): void {
    const from = peer * KEY_BYTES;
    for (let byte = 0; byte < length; byte++) target[at + byte] = this.keyBytes[from + byte] as number;
  }

  copyOther(peer: number, target: Uint8Array, at: number): void {
    const from = peer * KEY_BYTES;
    for (let byte = 0; byte < KEY_BYTES; byte++) target[at + byte] = this.otherBytes[from + byte] as number;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.keys = enlarge32(this.keys, this.#capacity * KEY_WORDS);
    this.others = enlarge32(this.others, this.#capacity * KEY_WORDS);
    this.keyBytes = new Uint8Array(this.keys.buffer);
    this.otherBytes = new Uint8Array(this.others.buffer);
    this.places = enlarge32(this.places, this.#capacity);
    this.flags = enlarge8(this.flags, this.#capacity);
    this.expiries = enlarge32(this.expiries, this.#capacity);
    for (const rings of [this.rings, this.wheel]) {
      rings.next = enlarge32(rings.next, this.#capacity);
      rings.previous = enlarge32(rings.previous, this.#capacity);
    }
  }
}
