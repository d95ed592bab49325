import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore, Reservation } from '../contracts/blob-store.ts';
import type { Clock } from '../contracts/clock.ts';
import { journalPath } from '../storage/part-file.ts';

/** What nobody came back for within a day is not worth the room of a whole file. */
const LONGEST_IDLE_MS = 24 * 60 * 60 * 1000;

interface Shelved {
  readonly directory: string;
  readonly bytes: number;
  readonly since: number;
  /** What the part occupies stays counted against the limits while it lies here. */
  readonly reservation: Reservation;
}

/** Where the part files of a store directory lie. */
export const partsDirectory = (directory: string): string => join(directory, 'fills');

/** Part files that no fill is using: what was interrupted, or left by readers of single ranges. */
export class PartShelf {
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #parts = new Map<string, Shelved>();

  constructor(options: { readonly blobs: BlobStore; readonly clock: Clock }) {
    this.#blobs = options.blobs;
    this.#clock = options.clock;
  }

  /** Finds what earlier runs left below the store directories; drops what is too old, broken, or no longer fits. */
  async scan(directories: readonly string[]): Promise<void> {
    for (const directory of directories) {
      const folder = partsDirectory(directory);
      await mkdir(folder, { recursive: true });
      const names = new Set(await readdir(folder));
      for (const name of names) {
        const isPart = name.endsWith('.part') && names.has(`${name}.journal`);
        const isJournal = name.endsWith('.part.journal') && names.has(name.slice(0, -'.journal'.length));
        if (isPart) await this.#adopt(directory, name);
        else if (!isJournal) await rm(join(folder, name), { force: true });
      }
    }
  }

  async #adopt(directory: string, name: string): Promise<void> {
    const status = await stat(join(partsDirectory(directory), name));
    const tooOld = this.#clock.now() - status.mtimeMs > LONGEST_IDLE_MS;
    const kept = !tooOld && (await this.put(name, directory, status.blocks * 512));
    if (!kept) await deletePart(directory, name);
  }

  /** Lays a closed part of `bytes` on the shelf. False when the limits leave no room for it. */
  async put(name: string, directory: string, bytes: number): Promise<boolean> {
    try {
      const reservation = await this.#blobs.reserve(bytes, { directory });
      reservation.written(bytes);
      this.#parts.set(name, { directory, bytes, since: this.#clock.now(), reservation });
      return true;
    } catch {
      return false;
    }
  }

  /** Takes a part off the shelf, to go on with it: where it lies and what it occupies, or undefined. */
  take(name: string): { readonly directory: string; readonly bytes: number } | undefined {
    const part = this.#parts.get(name);
    this.#parts.delete(name);
    part?.reservation.release();
    return part;
  }

  /** Deletes what has lain here for a day, or (`all`) everything. Returns whether anything went. */
  async drop(which: 'old' | 'all'): Promise<boolean> {
    let dropped = false;
    for (const [name, { directory, since }] of this.#parts) {
      if (which === 'old' && this.#clock.now() - since < LONGEST_IDLE_MS) continue;
      this.take(name);
      await deletePart(directory, name);
      dropped = true;
    }
    return dropped;
  }
}

async function deletePart(directory: string, name: string): Promise<void> {
  const path = join(partsDirectory(directory), name);
  await rm(path, { force: true });
  await rm(journalPath(path), { force: true });
}
