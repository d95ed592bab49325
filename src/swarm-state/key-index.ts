/** Keys have 20 bytes: info-hashes, peer ids, addresses with zeros behind. */
export const KEY_WORDS = 5;
export const KEY_BYTES = 20;
const EMPTY = 0;
const GONE = 0xffffffff;
const FIRST_CAPACITY = 64;

/**
 * Finds slots by their keys: open addressing, with the keys in an array that the caller owns. 8 to 20 bytes per slot, where a Map of strings takes
 * over 100. The hash is keyed, so that nobody can choose keys that meet.
 */
export class KeyIndex {
  readonly #seed = crypto.getRandomValues(new Uint32Array(2));
  #table = new Uint32Array(FIRST_CAPACITY);
  #count = 0;
  #gone = 0;

  get count(): number {
    return this.#count;
  }

  /** The slot whose key and `extra` word these are; 0: none. `keys[slot * 5 ...]` and `extras[slot]` are those of a slot. */
  find(keys: Uint32Array, extras: Uint32Array, key: Uint32Array, extra: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = this.#hash(key, 0, extra) & mask; ; at = (at + 1) & mask) {
      const slot = table[at] as number;
      if (slot === EMPTY) return 0;
      if (slot !== GONE && extras[slot] === extra && isKeyOf(keys, slot, key)) return slot;
    }
  }

  /** Adds a slot that is not there yet; its key must be in the arrays. */
  add(keys: Uint32Array, extras: Uint32Array, slot: number): void {
    if ((this.#count + this.#gone + 1) * 2 > this.#table.length) this.#rebuild(keys, extras);
    this.#put(keys, extras, slot);
    this.#count++;
  }

  delete(keys: Uint32Array, extras: Uint32Array, slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = this.#hash(keys, slot * KEY_WORDS, extras[slot] as number) & mask; ; at = (at + 1) & mask) {
      if (table[at] === EMPTY) return;
      if (table[at] !== slot) continue;
      const isLast = table[(at + 1) & mask] === EMPTY;
      table[at] = isLast ? EMPTY : GONE;
      if (!isLast) this.#gone++;
      this.#count--;
      return;
    }
  }

  #put(keys: Uint32Array, extras: Uint32Array, slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let at = this.#hash(keys, slot * KEY_WORDS, extras[slot] as number) & mask;
    while (table[at] !== EMPTY && table[at] !== GONE) at = (at + 1) & mask;
    if (table[at] === GONE) this.#gone--;
    table[at] = slot;
  }

  /** Half full at most, a quarter at least. */
  #rebuild(keys: Uint32Array, extras: Uint32Array): void {
    const old = this.#table;
    let capacity = FIRST_CAPACITY;
    while (capacity < (this.#count + 1) * 3) capacity *= 2;
    this.#table = new Uint32Array(capacity);
    this.#gone = 0;
    for (const slot of old) if (slot !== EMPTY && slot !== GONE) this.#put(keys, extras, slot);
  }

  #hash(words: Uint32Array, start: number, extra: number): number {
    let hash = (this.#seed[0] as number) ^ extra;
    for (let at = start; at < start + KEY_WORDS; at++) {
      hash = Math.imul(hash ^ (words[at] as number), 0x9e3779b1);
      hash = ((hash << 13) | (hash >>> 19)) + (this.#seed[1] as number);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}

function isKeyOf(keys: Uint32Array, slot: number, key: Uint32Array): boolean {
  const at = slot * KEY_WORDS;
  return (
    keys[at] === key[0] &&
    keys[at + 1] === key[1] &&
    keys[at + 2] === key[2] &&
    keys[at + 3] === key[3] &&
    keys[at + 4] === key[4]
  );
}
