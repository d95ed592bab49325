/** Bytes that came from a stream and were not read yet. */
export class ByteQueue {
  #bytes: Uint8Array = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  /** How many there are. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends a copy. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Removes the first bytes; a view, valid until the next `push`. Undefined, and nothing happens, when there are not so many. */
  take(count: number): Uint8Array | undefined {
    if (count > this.length) return undefined;
    this.#start += count;
    return this.#bytes.subarray(this.#start - count, this.#start);
  }

  /** Where `marker` begins, or -1; looks at the places 0 to `last`. */
  indexOf(marker: Uint8Array, last: number): number {
    const bytes = this.#bytes.subarray(this.#start, this.#end);
    const most = Math.min(last, bytes.length - marker.length);
    for (let place = 0; place <= most; place++) {
      if (marker.every((byte, index) => byte === bytes[place + index])) return place;
    }
    return -1;
  }

  #makeRoom(more: number): void {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    // Twice as much as is needed: single bytes must not cost a copy of everything each.
    const target = new Uint8Array(2 * (rest.length + more));
    target.set(rest);
    this.#bytes = target;
    this.#start = 0;
    this.#end = rest.length;
  }
}
