import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reservation } from '../contracts/blob-store.ts';
import { fillsPath } from './layout.ts';

/** What the file system of a directory says. */
export interface DiskRoom {
  /** Bytes that we may still write. */
  readonly free: number;
  /** Directories with the same one share their free bytes. */
  readonly device: number;
}

/** Asks the operating system. */
export async function measureDisk(directory: string): Promise<DiskRoom> {
  const [{ bavail, bsize }, { dev }] = await Promise.all([statfs(directory), stat(directory)]);
  return { free: bavail * bsize, device: dev };
}

/** Bytes that part files take up on the disk: they are sparse, so that their length says nothing. */
export async function measureParts(directory: string): Promise<number> {
  const folder = fillsPath(directory);
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      // A part may go while we look.
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found ? Math.min(found.size, found.blocks * 512) : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The reservations that are open: what has been promised and is not on the disk yet. */
export class ReservationBook {
  readonly #unwritten = new Map<number, number>();

  /** Bytes promised and not written yet, on all devices. */
  get total(): number {
    return [...this.#unwritten.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The same by device, as it is now. */
  byDevice(): ReadonlyMap<number, number> {
    return new Map(this.#unwritten);
  }

  open(directory: string, device: number, bytes: number): Reservation {
    let left = bytes;
    const add = (change: number): void => void this.#unwritten.set(device, (this.#unwritten.get(device) ?? 0) + change);
    const settle = (count: number): void => {
      const settled = Math.min(count, left);
      left -= settled;
      add(-settled);
    };
    add(bytes);
    return { directory, written: settle, release: () => settle(left) };
  }
}
