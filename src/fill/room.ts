import type { BlobStore, Reservation } from '../contracts/blob-store.ts';

/** A sparse fill reserves room in steps of this, not for the whole of a file of which it may read one range. */
const STEP = 64 * 1024 * 1024;

/** The disk space that one fill has reserved, all in one directory. */
export class Room {
  readonly directory: string;
  readonly #blobs: BlobStore;
  readonly #size: number;
  readonly #reservations: Reservation[];
  #reserved: number;
  #claimed: number;
  #written = 0;

  private constructor(blobs: BlobStore, size: number, first: Reservation, reserved: number, present: number) {
    this.#blobs = blobs;
    this.#size = size;
    this.directory = first.directory;
    this.#reservations = [first];
    this.#reserved = reserved;
    this.#claimed = present;
    this.written(present);
  }

  /** Reserves for a part that has `present` bytes already: those and a step, or the whole file. Throws DISK_FULL. */
  static async open(options: {
    readonly blobs: BlobStore;
    readonly size: number;
    readonly whole: boolean;
    readonly present: number;
    /** Where the part is, if it is there already. */
    readonly directory: string | undefined;
  }): Promise<Room> {
    const { blobs, size, present, directory } = options;
    const bytes = options.whole ? size : Math.min(size, present + STEP);
    const first = await blobs.reserve(bytes, directory === undefined ? {} : { directory });
    return new Room(blobs, size, first, bytes, Math.min(present, bytes));
  }

  /** Makes sure of room for `bytes` more than was claimed before. Throws DISK_FULL. */
  async claim(bytes: number): Promise<void> {
    this.#claimed = Math.min(this.#size, this.#claimed + bytes);
    if (this.#claimed > this.#reserved)
      await this.#grow(Math.min(this.#size, Math.max(this.#claimed, this.#reserved + STEP)));
  }

  /** Makes sure of room for the whole file. Throws DISK_FULL. */
  async claimAll(): Promise<void> {
    await this.#grow(this.#size);
  }

  /** Bytes have landed: they count as used from now on. */
  written(bytes: number): void {
    const counted = Math.min(bytes, this.#reserved - this.#written);
    this.#written += counted;
    this.#reservations.at(-1)?.written(counted);
  }

  release(): void {
    for (const reservation of this.#reservations) reservation.release();
  }

  async #grow(total: number): Promise<void> {
    const missing = total - this.#reserved;
    if (missing <= 0) return;
    this.#reserved = total;
    try {
      this.#reservations.push(await this.#blobs.reserve(missing, { directory: this.directory }));
    } catch (error) {
      this.#reserved -= missing;
      throw error;
    }
  }
}
