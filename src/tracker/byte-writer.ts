/** Lays an answer down in memory that is used again: no strings, no arrays in between. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  reset(): this {
    this.#at = 0;
    return this;
  }

  /** ASCII. */
  text(text: string): this {
    for (let index = 0; index < text.length; index++) this.#bytes[this.#at++] = text.charCodeAt(index);
    return this;
  }

  /** In decimal digits; not negative. */
  number(value: number): this {
    return value < 10 ? this.byte(48 + value) : this.text(String(value));
  }

  byte(value: number): this {
    this.#bytes[this.#at++] = value;
    return this;
  }

  /** The first `length` bytes. */
  bytes(bytes: Uint8Array, length: number = bytes.length): this {
    for (let index = 0; index < length; index++) this.#bytes[this.#at++] = bytes[index] as number;
    return this;
  }

  /** What is there, valid until the next `reset`. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}
