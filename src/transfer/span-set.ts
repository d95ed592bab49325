/** A span of bytes: `start` is included, `end` is not. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * A set of bytes kept as sorted, disjoint, non-touching spans. Downloads make few long spans, so this is smaller than
 * a bitmap at 500 GB and exact to the byte. All look-ups are binary searches.
 */
export class SpanSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #bytes = 0;

  /** Bytes in the set. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds `[start, end)`; what is in already stays in. */
  add(start: number, end: number): void {
    if (end <= start) return;
    // Every span that overlaps or touches [start, end) melts into one.
    const first = this.#firstEndingAtOrAfter(start);
    let last = first;
    let mergedStart = start;
    let mergedEnd = end;
    while (last < this.#starts.length && this.#start(last) <= end) {
      mergedStart = Math.min(mergedStart, this.#start(last));
      mergedEnd = Math.max(mergedEnd, this.#end(last));
      this.#bytes -= this.#end(last) - this.#start(last);
      last++;
    }
    this.#starts.splice(first, last - first, mergedStart);
    this.#ends.splice(first, last - first, mergedEnd);
    this.#bytes += mergedEnd - mergedStart;
  }

  /** Takes `[start, end)` out. */
  delete(start: number, end: number): void {
    if (end <= start) return;
    const first = this.#firstEndingAfter(start);
    const kept: Span[] = [];
    let last = first;
    while (last < this.#starts.length && this.#start(last) < end) {
      const spanStart = this.#start(last);
      const spanEnd = this.#end(last);
      this.#bytes -= spanEnd - spanStart;
      if (spanStart < start) kept.push({ start: spanStart, end: start });
      if (spanEnd > end) kept.push({ start: end, end: spanEnd });
      last++;
    }
    this.#starts.splice(first, last - first, ...kept.map((span) => span.start));
    this.#ends.splice(first, last - first, ...kept.map((span) => span.end));
    for (const span of kept) this.#bytes += span.end - span.start;
  }

  /** The end of the unbroken run of bytes that begins at `position`; `position` itself when that byte is not in. */
  endOfRun(position: number): number {
    const index = this.#firstEndingAfter(position);
    return index < this.#starts.length && this.#start(index) <= position ? this.#end(index) : position;
  }

  /** The start of the first span that begins at or after `position`; Infinity when there is none. */
  nextStart(position: number): number {
    const index = this.#firstEndingAfter(position);
    if (index >= this.#starts.length) return Number.POSITIVE_INFINITY;
    const start = this.#start(index);
    if (start >= position) return start;
    return index + 1 < this.#starts.length ? this.#start(index + 1) : Number.POSITIVE_INFINITY;
  }

  /** Is all of `[start, end)` in? */
  covers(start: number, end: number): boolean {
    return end <= start || this.endOfRun(start) >= end;
  }

  /** The spans, in order. */
  *spans(): IterableIterator<Span> {
    for (let index = 0; index < this.#starts.length; index++) {
      yield { start: this.#start(index), end: this.#end(index) };
    }
  }

  #start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  #end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  #firstEndingAfter(position: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#end(middle) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #firstEndingAtOrAfter(position: number): number {
    return this.#firstEndingAfter(position - 1);
  }
}
