import type { ByteReader } from '../contracts/byte-reader.ts';
import type { ReadIntent } from '../contracts/files.ts';
import { SwarmError } from '../errors.ts';
import type { Demand } from '../transfer/transfer.ts';
import type { Fill } from './fill.ts';

/** What a whole-file reader gets only after the whole file has matched. */
const HELD_BACK_BYTES = 64 * 1024;
/** Clients give up after 10 s without a byte, so while a long verification runs they get a few of the held back ones. */
const TRICKLE_MS = 5000;
const TRICKLE_BYTES = 512;
/**
 * A longer range that runs into the tail is a piece of a bulk download, and is held back like a whole read: aria2 splits down to 1 MiB.
 * Readers of footers (Parquet, zip) ask for the last 64 KiB or less.
 */
const LONGEST_PROBE = 128 * 1024;
/** Fetched beyond a range, because the next range often follows; as long as the range itself, within this. */
const MOST_READ_AHEAD = 16 * 1024 * 1024;
const SHORTEST_READ_AHEAD = 64 * 1024;

export interface FillReaderOptions {
  readonly fill: Fill;
  readonly intent: ReadIntent;
  /** Give nothing out before the whole file has matched. */
  readonly strict: boolean;
  readonly onClose: () => void;
}

/** Reads a file while it is being filled. */
export class FillReader implements ByteReader {
  readonly size: number;
  readonly #fill: Fill;
  readonly #demand: Demand;
  readonly #visibleEnd: number;
  readonly #onClose: () => void;
  #trickled = 0;
  #position: number;
  #closed = false;

  constructor({ fill, intent, strict, onClose }: FillReaderOptions) {
    this.size = fill.size;
    this.#fill = fill;
    this.#onClose = onClose;
    this.#position = intent.start;
    this.#visibleEnd = strict && intent.extent === 'range' ? 0 : visibleEnd(fill, intent);
    const steersOnly = intent.extent === 'whole';
    this.#demand = fill.transfer.demand(intent.start, wantedEnd(fill.size, intent), { steersOnly });
  }

  async read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    if (position >= this.size || buffer.length === 0) return 0;
    this.#moveTo(position);
    for (;;) {
      if (this.#closed) throw new SwarmError('CLOSED', `${this.#fill.name}: the reader was closed`);
      if (this.#fill.failure !== undefined && !this.#fill.verified) throw this.#fill.failure;
      const end = Math.min(this.#fill.heldEnd(position), this.#limit());
      if (end > position) return this.#give(buffer, position, end);
      if (position < this.#limit()) await this.#fill.transfer.wait(position, signal);
      else await this.#awaitVerification(position, signal);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#demand.close();
    this.#onClose();
  }

  #limit(): number {
    return this.#fill.verified ? this.size : this.#visibleEnd + this.#trickled;
  }

  async #give(buffer: Uint8Array, position: number, end: number): Promise<number> {
    const count = await this.#fill.read(buffer.subarray(0, Math.min(buffer.length, end - position)), position);
    this.#moveTo(position + count);
    return count;
  }

  #moveTo(position: number): void {
    if (position <= this.#position) return;
    this.#position = position;
    this.#demand.move(position);
  }

  async #awaitVerification(position: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#fill.awaitVerified(TRICKLE_MS, signal);
    const trickleEnd = this.#visibleEnd + this.#trickled + TRICKLE_BYTES;
    const mayTrickle =
      this.#visibleEnd > 0 && trickleEnd <= this.size - TRICKLE_BYTES && this.#fill.heldEnd(position) >= trickleEnd;
    if (!this.#fill.verified && mayTrickle) this.#trickled += TRICKLE_BYTES;
  }
}

function visibleEnd(fill: Fill, { extent, start, end }: ReadIntent): number {
  const bulk = extent === 'whole' || (fill.whole && end - start > LONGEST_PROBE);
  return bulk ? fill.size - HELD_BACK_BYTES : fill.size;
}

function wantedEnd(size: number, { extent, start, end }: ReadIntent): number {
  if (extent === 'whole') return size;
  const readAhead = Math.min(MOST_READ_AHEAD, Math.max(SHORTEST_READ_AHEAD, end - start));
  return Math.min(size, end - start < SHORTEST_READ_AHEAD ? start + SHORTEST_READ_AHEAD : end + readAhead);
}
