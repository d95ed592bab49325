import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import type { Fill } from './fill.ts';

/** How long a fill of single ranges stays open for the next range. */
const IDLE_MS = 30_000;

interface Slot {
  readonly opening: Promise<Fill>;
  fill: Fill | undefined;
  readers: number;
  ended: boolean;
  idle: AbortController | undefined;
  closing: Promise<void> | undefined;
}

export interface FillTableOptions {
  readonly clock: Clock;
  /** Fills that may run at the same time. */
  readonly mostFills: number;
  /** Of these, whole-file fills that go on although nobody reads them any more. */
  readonly mostAbandoned: number;
  /** Closes a fill for good; must not reject. */
  readonly close: (key: string, fill: Fill) => Promise<void>;
}

/** The fills of the process by content key, and who uses them: one per file, however many readers there are. */
export class FillTable {
  readonly #options: FillTableOptions;
  readonly #slots = new Map<string, Slot>();
  #stopped = false;

  constructor(options: FillTableOptions) {
    this.#options = options;
  }

  /** The running fill of `key`, or a new one from `start`; counts one reader. `release` must follow. */
  async acquire(key: string, start: () => Promise<Fill>): Promise<{ readonly fill: Fill; readonly joined: boolean }> {
    let slot = this.#slots.get(key);
    while (slot?.closing) {
      await slot.closing;
      slot = this.#slots.get(key);
    }
    const joined = slot !== undefined;
    slot ??= this.#open(key, start);
    slot.readers++;
    slot.idle?.abort();
    try {
      slot.fill = await slot.opening;
      return { fill: slot.fill, joined };
    } catch (error) {
      slot.readers--;
      throw error;
    }
  }

  /** The running fill of `key`. */
  find(key: string): Fill | undefined {
    return this.#slots.get(key)?.fill;
  }

  /** Is a fill of `key` being started? */
  isOpening(key: string): boolean {
    const slot = this.#slots.get(key);
    return slot !== undefined && slot.fill === undefined;
  }

  #open(key: string, start: () => Promise<Fill>): Slot {
    if (this.#stopped) throw new SwarmError('CLOSED', 'The server is stopping');
    if (this.#slots.size >= this.#options.mostFills) {
      throw new SwarmError('RATE_LIMITED', `${this.#slots.size} files are being fetched already; try again soon`, {
        retryAfterSeconds: 5,
      });
    }
    const slot: Slot = {
      opening: start(),
      fill: undefined,
      readers: 0,
      ended: false,
      idle: undefined,
      closing: undefined,
    };
    this.#slots.set(key, slot);
    slot.opening.catch(() => this.#slots.delete(key));
    return slot;
  }

  /** A reader has gone. The last one decides what becomes of the fill. */
  release(key: string, fill: Fill): void {
    const slot = this.#slots.get(key);
    // Readers of a failed fill leave late: by then a new fill may have its place.
    if (slot?.fill !== fill) return;
    slot.readers--;
    if (slot.readers > 0 || slot.closing) return;
    if (slot.ended || (fill.whole && this.#abandoned() > this.#options.mostAbandoned)) this.#close(key, slot, fill);
    else if (!fill.whole) this.#closeWhenIdle(key, slot, fill);
  }

  /** The fill has ended. A failed one closes at once, its readers have been told; a verified one when its last reader goes. */
  ended(key: string, fill: Fill, failed: boolean): void {
    const slot = this.#slots.get(key);
    if (slot?.fill !== fill || slot.closing) return;
    slot.ended = true;
    if (failed || slot.readers === 0) this.#close(key, slot, fill);
  }

  /** Closes every fill; nothing starts after it. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      [...this.#slots].map(async ([key, slot]) => {
        const fill = await slot.opening.catch(() => undefined);
        if (fill && !slot.closing) this.#close(key, slot, fill);
        await slot.closing;
      }),
    );
  }

  #abandoned(): number {
    let count = 0;
    for (const slot of this.#slots.values()) if (slot.readers === 0 && !slot.ended && !slot.idle) count++;
    return count;
  }

  #closeWhenIdle(key: string, slot: Slot, fill: Fill): void {
    const idle = new AbortController();
    slot.idle = idle;
    this.#options.clock.sleep(IDLE_MS, idle.signal).then(
      () => this.#close(key, slot, fill),
      () => {
        slot.idle = undefined;
      },
    );
  }

  #close(key: string, slot: Slot, fill: Fill): void {
    slot.idle?.abort();
    // Not before the slot counts as closing: closing a fill ends it, and that comes back here.
    slot.closing = Promise.resolve()
      .then(() => this.#options.close(key, fill))
      .finally(() => this.#slots.delete(key));
  }
}
