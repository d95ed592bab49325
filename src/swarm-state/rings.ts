/** Rings of rows: each row is in at most one, and a ring is known by one of its rows (0: it is empty). */
export class Rings {
  next: Uint32Array;
  previous: Uint32Array;

  constructor(capacity: number) {
    this.next = new Uint32Array(capacity);
    this.previous = new Uint32Array(capacity);
  }

  /** Puts a row just before `head`: the last to be met on the way round. Returns the head. */
  add(head: number, row: number): number {
    if (head === 0) {
      this.next[row] = row;
      this.previous[row] = row;
      return row;
    }
    const last = this.previous[head] as number;
    this.next[last] = row;
    this.previous[row] = last;
    this.next[row] = head;
    this.previous[head] = row;
    return head;
  }

  /** Takes a row out. Returns the head. */
  remove(head: number, row: number): number {
    const after = this.next[row] as number;
    if (after === row) return 0;
    const before = this.previous[row] as number;
    this.next[before] = after;
    this.previous[after] = before;
    return head === row ? after : head;
  }
}
