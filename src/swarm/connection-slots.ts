/** How many connections there may be: of one torrent, and of all together. */
export class ConnectionSlots {
  readonly #most: number;
  readonly #parent: ConnectionSlots | undefined;
  #taken = 0;

  constructor(most: number, parent?: ConnectionSlots) {
    this.#most = most;
    this.#parent = parent;
  }

  get taken(): number {
    return this.#taken;
  }

  get isFull(): boolean {
    return this.free <= 0;
  }

  /** How many more there may be. */
  get free(): number {
    return Math.min(this.#most - this.#taken, this.#parent?.free ?? Number.POSITIVE_INFINITY);
  }

  /** Takes one; undefined: there is none. The result gives it back, once. */
  take(): (() => void) | undefined {
    if (this.isFull) return undefined;
    const giveParent = this.#parent?.take();
    this.#taken++;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.#taken--;
      giveParent?.();
    };
  }
}
