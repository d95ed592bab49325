import type { BlobStore, Reservation } from '../contracts/blob-store.ts';
import { SwarmError } from '../errors.ts';
import type { ShelvedPart } from './part-shelf.ts';

/** A sparse fill reserves room in steps of this, not for the whole of a file of which it may read one range. */
const STEP = 64 * 1024 * 1024;

/** The disk space that one fill has reserved for bytes to come, all in one directory. */
export class Room {
  readonly directory: string;
  readonly #blobs: BlobStore;
  /** Bytes that are still to come for the whole file. */
  readonly #missing: number;
  readonly #steps: { readonly reservation: Reservation; unwritten: number }[];
  #reserved: number;
  #claimed = 0;
  #released = false;

  private constructor(blobs: BlobStore, missing: number, first: Reservation, reserved: number) {
    this.#blobs = blobs;
    this.#missing = missing;
    this.directory = first.directory;
    this.#steps = [{ reservation: first, unwritten: reserved }];
    this.#reserved = reserved;
  }

  /**
   * Reserves for the whole file, or for a first step. What earlier fills left of it is on the disk already, and says in which
   * directory to go on. Throws DISK_FULL.
   */
  static async open(options: {
    readonly blobs: BlobStore;
    readonly size: number;
    readonly whole: boolean;
    readonly left: ShelvedPart | undefined;
  }): Promise<Room> {
    const { blobs, size, whole, left } = options;
    const missing = Math.max(0, size - (left?.bytes ?? 0));
    const bytes = whole ? missing : Math.min(missing, STEP);
    const first = await blobs.reserve(bytes, left ? { directory: left.directory } : {});
    return new Room(blobs, missing, first, bytes);
  }

  /** Makes sure of room for `bytes` more than was claimed before. Throws DISK_FULL, and CLOSED after `release`. */
  async claim(bytes: number): Promise<void> {
    this.#claimed = Math.min(this.#missing, this.#claimed + bytes);
    if (this.#claimed > this.#reserved) await this.#grow(Math.max(this.#claimed, this.#reserved + STEP));
  }

  /** Makes sure of room for the whole file. Throws DISK_FULL, and CLOSED after `release`. */
  async claimAll(): Promise<void> {
    await this.#grow(this.#missing);
  }

  /** Bytes have landed: they are on the disk now instead of promised. */
  written(bytes: number): void {
    let rest = bytes;
    for (const step of this.#steps) {
      const settled = Math.min(rest, step.unwritten);
      step.reservation.written(settled);
      step.unwritten -= settled;
      rest -= settled;
    }
  }

  /** Gives back what is left, and whatever is granted later. */
  release(): void {
    this.#released = true;
    for (const { reservation } of this.#steps) reservation.release();
  }

  async #grow(wanted: number): Promise<void> {
    const total = Math.min(this.#missing, wanted);
    const more = total - this.#reserved;
    if (more <= 0) return;
    this.#reserved = total;
    try {
      const reservation = await this.#blobs.reserve(more, { directory: this.directory });
      this.#steps.push({ reservation, unwritten: more });
      if (!this.#released) return;
      reservation.release();
      throw new SwarmError('CLOSED', 'The fill ended before it had its room');
    } catch (error) {
      this.#reserved -= more;
      throw error;
    }
  }
}
