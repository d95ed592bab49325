const LITTLE_ENDIAN: boolean = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The RC4 stream cipher, which BitTorrent's encryption is made of. It hides traffic from filters; it keeps no secrets.
 *
 * One object is one direction of a connection: it goes on where the last call ended.
 */
export class Rc4 {
  // 32-bit entries, and words instead of bytes below: 1.2 times as fast as bytes (measured, Node 24).
  readonly #state: Int32Array = new Int32Array(256);
  #i = 0;
  #j = 0;

  /** @param key 1 to 256 bytes. */
  constructor(key: Uint8Array) {
    const state = this.#state;
    for (let index = 0; index < 256; index++) state[index] = index;
    for (let index = 0, j = 0; index < 256; index++) {
      const value = state[index] as number;
      j = (j + value + (key[index % key.length] as number)) & 255;
      state[index] = state[j] as number;
      state[j] = value;
    }
  }

  /** Skips bytes of the key stream: the first ones say too much about the key. */
  discard(count: number): void {
    this.apply(new Uint8Array(count));
  }

  /** Encrypts or decrypts bytes in place. */
  apply(bytes: Uint8Array): void {
    const aligned = Math.min(-bytes.byteOffset & 3, bytes.length);
    const words = LITTLE_ENDIAN ? (bytes.length - aligned) >> 2 : 0;
    this.#applyToBytes(bytes, 0, aligned);
    if (words > 0) this.#applyToWords(new Int32Array(bytes.buffer, bytes.byteOffset + aligned, words));
    this.#applyToBytes(bytes, aligned + words * 4, bytes.length);
  }

  #applyToBytes(bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let position = start; position < end; position++) {
      i = (i + 1) & 255;
      const one = state[i] as number;
      j = (j + one) & 255;
      const other = state[j] as number;
      state[i] = other;
      state[j] = one;
      bytes[position] = (bytes[position] as number) ^ (state[(one + other) & 255] as number);
    }
    this.#i = i;
    this.#j = j;
  }

  /** The loop of `#applyToBytes`, four times. */
  #applyToWords(words: Int32Array): void {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    let one: number;
    let other: number;
    let key: number;
    for (let position = 0; position < words.length; position++) {
      i = (i + 1) & 255;
      one = state[i] as number;
      j = (j + one) & 255;
      other = state[j] as number;
      state[i] = other;
      state[j] = one;
      key = state[(one + other) & 255] as number;

      i = (i + 1) & 255;
      one = state[i] as number;
      j = (j + one) & 255;
      other = state[j] as number;
      state[i] = other;
      state[j] = one;
      key |= (state[(one + other) & 255] as number) << 8;

      i = (i + 1) & 255;
      one = state[i] as number;
      j = (j + one) & 255;
      other = state[j] as number;
      state[i] = other;
      state[j] = one;
      key |= (state[(one + other) & 255] as number) << 16;

      i = (i + 1) & 255;
      one = state[i] as number;
      j = (j + one) & 255;
      other = state[j] as number;
      state[i] = other;
      state[j] = one;
      key |= (state[(one + other) & 255] as number) << 24;

      words[position] = (words[position] as number) ^ key;
    }
    this.#i = i;
    this.#j = j;
  }
}
