import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError } from '../errors.ts';

/**
 * Storage that keeps in memory what the first storage has no room for: a file goes there whole when the first write to it fails. `onSpill` is told
 * of each, once. What is in memory is gone with the page.
 */
export function createSpillStorage(
  first: TorrentStorage,
  memory: TorrentStorage,
  onSpill: (file: number, reason: string) => void,
): TorrentStorage {
  const spilled = new Set<number>();
  const kept = new Set<number>();
  const of = (file: number): TorrentStorage => (spilled.has(file) ? memory : first);

  async function orSpill(file: number, work: (storage: TorrentStorage) => Promise<void>): Promise<void> {
    try {
      await work(of(file));
      if (!spilled.has(file)) kept.add(file);
    } catch (error) {
      const hasNoRoom = isSwarmError(error, 'DISK_FULL') || isSwarmError(error, 'STORAGE');
      // What is partly there cannot move any more.
      if (!hasNoRoom || kept.has(file)) throw error;
      if (!spilled.has(file)) {
        spilled.add(file);
        onSpill(file, error.message);
      }
      await work(memory);
    }
  }

  return {
    read: (file, position, targets) => of(file).read(file, position, targets),
    write: (file, position, bytes) => orSpill(file, (storage) => storage.write(file, position, bytes)),
    state: (file) => of(file).state(file),
    flush: (files) => first.flush([...files].filter((file) => !spilled.has(file))),
    complete: (file) => orSpill(file, (storage) => storage.complete(file)),
    close: () => first.close(),
  };
}
