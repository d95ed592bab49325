/** A set of small numbers, one bit each, in the order of BEP 3's bitfield: the highest bit of a byte comes first. */
export class Bitfield {
  /** How many numbers there are. */
  readonly size: number;
  readonly #bytes: Uint8Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#bytes = new Uint8Array(Math.ceil(size / 8));
  }

  /** From the bytes of a peer; undefined when there are too many or too few, or bits beyond the end are set. */
  static from(bytes: Uint8Array, size: number): Bitfield | undefined {
    if (bytes.length !== Math.ceil(size / 8)) return undefined;
    const spare = bytes.length * 8 - size;
    if (((bytes.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) return undefined;
    const field = new Bitfield(size);
    field.#bytes.set(bytes);
    for (const byte of bytes) field.#count += BITS[byte] ?? 0;
    return field;
  }

  /** With all numbers in it. */
  static full(size: number): Bitfield {
    const field = new Bitfield(size);
    field.#bytes.fill(0xff);
    const spare = field.#bytes.length * 8 - size;
    if (spare > 0) field.#bytes[field.#bytes.length - 1] = (0xff << spare) & 0xff;
    field.#count = size;
    return field;
  }

  /** How many are in. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.size;
  }

  /** The bytes as a peer gets them; a view. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  /** Puts a number in; returns whether it was not in before. Numbers beyond the size are left alone. */
  add(index: number): boolean {
    if (index >= this.size || this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (0x80 >> (index & 7));
    this.#count++;
    return true;
  }

  delete(index: number): boolean {
    if (index >= this.size || !this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) & ~(0x80 >> (index & 7));
    this.#count--;
    return true;
  }
}

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
});
