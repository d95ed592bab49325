import * as fs from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(fs.open);
const statFile = promisify(fs.fstat);

/** An open file that all readers of a blob share. */
export interface Descriptor {
  readonly sha256: string;
  readonly fd: number;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** The bytes were found not to match: whoever reads must stop. */
  spoiled: boolean;
}

interface Slot {
  readonly opening: Promise<Descriptor>;
  descriptor: Descriptor | undefined;
  users: number;
  /** Out of the table: closed when the last user has gone. */
  forgotten: boolean;
}

/**
 * Open files by blob. A file stays open for a while after its last user has gone, so that the next one costs no system
 * call; of such idle files the least recently used is closed first.
 */
export class Descriptors {
  readonly #mostIdle: number;
  readonly #slots = new Map<string, Slot>();
  /** Least recently used first. */
  readonly #idle = new Set<Slot>();

  constructor(mostIdle: number) {
    this.#mostIdle = mostIdle;
  }

  /**
   * The open file of a blob, opened with the path that `locate` gives if need be. Each one must be given back with
   * `release`. Rejects as `fs.open` does.
   */
  async use(sha256: string, locate: () => string): Promise<{ descriptor: Descriptor; release: () => void }> {
    let slot = this.#slots.get(sha256);
    if (!slot) {
      slot = { opening: openDescriptor(sha256, locate()), descriptor: undefined, users: 0, forgotten: false };
      this.#slots.set(sha256, slot);
    }
    const used = slot;
    used.users++;
    this.#idle.delete(used);
    try {
      const descriptor = used.descriptor ?? (await used.opening);
      used.descriptor = descriptor;
      return { descriptor, release: () => this.#release(used) };
    } catch (error) {
      used.users--;
      if (this.#slots.get(sha256) === used) this.#slots.delete(sha256);
      throw error;
    }
  }

  /** The next `use` opens the blob's file anew. `spoiled`: those who have it open are to stop reading. */
  forget(sha256: string, options: { readonly spoiled?: boolean } = {}): void {
    const slot = this.#slots.get(sha256);
    if (!slot) return;
    this.#slots.delete(sha256);
    slot.forgotten = true;
    if (options.spoiled) {
      slot.opening.then(
        (descriptor) => {
          descriptor.spoiled = true;
        },
        () => {
          // It did not open: nobody reads.
        },
      );
    }
    if (slot.users === 0) this.#close(slot);
  }

  /** Closes idle files, and the others as soon as they are released. */
  close(): void {
    for (const sha256 of [...this.#slots.keys()]) this.forget(sha256);
  }

  #release(slot: Slot): void {
    if (--slot.users > 0) return;
    if (slot.forgotten) {
      this.#close(slot);
      return;
    }
    this.#idle.add(slot);
    const [oldest] = this.#idle;
    if (this.#idle.size > this.#mostIdle && oldest?.descriptor) this.forget(oldest.descriptor.sha256);
  }

  #close(slot: Slot): void {
    this.#idle.delete(slot);
    // Nothing was written through it: there is no error to lose.
    if (slot.descriptor) fs.close(slot.descriptor.fd, () => {});
  }
}

async function openDescriptor(sha256: string, path: string): Promise<Descriptor> {
  const fd = await openFile(path, 'r');
  try {
    const { size } = await statFile(fd);
    return { sha256, fd, size, spoiled: false };
  } catch (error) {
    fs.close(fd, () => {});
    throw error;
  }
}
