import type { StoredFile, TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';

/** A torrent's files in memory: for tests, simulations, and small things in browsers. */
export function createTorrentMemory(lengths: readonly number[]): TorrentStorage {
  const files = new Map<number, { readonly bytes: Uint8Array; version: number }>();

  function find(file: number): { readonly bytes: Uint8Array; version: number } {
    const known = files.get(file);
    if (known) return known;
    throw new SwarmError('STORAGE', `File ${file} of the torrent is not there.`);
  }

  return {
    async read(file, position, targets) {
      const { bytes } = find(file);
      let from = position;
      for (const target of targets) {
        if (from + target.length > bytes.length) throw new SwarmError('STORAGE', `File ${file} ends before that.`);
        target.set(bytes.subarray(from, from + target.length));
        from += target.length;
      }
    },
    async write(file, position, bytes) {
      const known = files.get(file) ?? { bytes: allocate(file, lengths[file] ?? 0), version: 0 };
      files.set(file, known);
      known.bytes.set(bytes, position);
      known.version++;
    },
    async state(file): Promise<StoredFile | undefined> {
      const known = files.get(file);
      return known && { path: undefined, length: known.bytes.length, version: `${known.version}` };
    },
    flush: async () => {},
    async complete(file) {
      if (!files.has(file)) files.set(file, { bytes: new Uint8Array(lengths[file] ?? 0), version: 0 });
    },
    close: async () => {},
  };
}

/** Rejects with DISK_FULL when there is not as much memory in one piece. */
function allocate(file: number, length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new SwarmError(
      'DISK_FULL',
      `File ${file} of the torrent has ${length} bytes, which do not fit into memory.`,
      {
        cause: error,
      },
    );
  }
}
