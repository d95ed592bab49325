/** Numbers of rows, used again when they are free. Row 0 is nobody's: it means "none". */
export class Slots {
  #next = 1;
  /** Free ones, each of which holds the next in `links`. */
  #free = 0;
  #used = 0;

  get used(): number {
    return this.#used;
  }

  /** A row above all that were ever used would be this one. */
  get end(): number {
    return this.#next;
  }

  take(links: Uint32Array): number {
    this.#used++;
    if (this.#free === 0) return this.#next++;
    const slot = this.#free;
    this.#free = links[slot] as number;
    return slot;
  }

  give(slot: number, links: Uint32Array): void {
    links[slot] = this.#free;
    this.#free = slot;
    this.#used--;
  }
}

/** The same array with more room. What is large is moved by the operating system, not copied. */
export function enlarge32(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array((array.buffer as ArrayBuffer).transfer(length * 4));
}

export function enlarge8(array: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((array.buffer as ArrayBuffer).transfer(length));
}
