import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../contracts/clock.ts';
import { journalPath } from '../storage/part-file.ts';

/** What nobody came back for within a day is not worth its room. */
const LONGEST_IDLE_MS = 24 * 60 * 60 * 1000;

/** A part file that no fill is using. */
export interface ShelvedPart {
  /** The store directory that it lies in. */
  readonly directory: string;
  /** What it occupies on the disk. */
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Where the part files of a store directory lie. The store counts what is in there. */
export const partsDirectory = (directory: string): string => join(directory, 'fills');

/** Part files that no fill is using: what was interrupted, or left by readers of single ranges. */
export class PartShelf {
  readonly #clock: Clock;
  readonly #parts = new Map<string, ShelvedPart>();
  /** Files that are being deleted, by name. */
  readonly #dropping = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Finds what earlier runs left below the store directories; deletes what is too old or broken. */
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
    await this.drop('old');
  }

  async #adopt(directory: string, name: string): Promise<void> {
    const status = await stat(join(partsDirectory(directory), name));
    const bytes = Math.min(status.size, status.blocks * 512);
    this.#parts.set(name, { directory, bytes, since: status.mtimeMs });
  }

  /** Lays a closed part of `bytes` on the shelf. */
  put(name: string, directory: string, bytes: number): void {
    this.#parts.set(name, { directory, bytes, since: this.#clock.now() });
  }

  /**
   * Takes a part off the shelf, to go on with it. When it resolves, nothing here touches files of that name any more, also
   * if there was no such part.
   */
  async take(name: string): Promise<ShelvedPart | undefined> {
    await this.#dropping.get(name);
    const part = this.#parts.get(name);
    this.#parts.delete(name);
    return part;
  }

  /** Deletes what has lain here for a day, or (`all`) everything. Returns whether anything went. */
  async drop(which: 'old' | 'all'): Promise<boolean> {
    let dropped = false;
    for (const [name, { directory, since }] of this.#parts) {
      if (which === 'old' && this.#clock.now() - since < LONGEST_IDLE_MS) continue;
      this.#parts.delete(name);
      const removal = removePart(join(partsDirectory(directory), name)).finally(() => this.#dropping.delete(name));
      this.#dropping.set(name, removal);
      await removal;
      dropped = true;
    }
    return dropped;
  }
}

async function removePart(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(journalPath(path), { force: true });
}
