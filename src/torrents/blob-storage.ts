import type { BlobLease, BlobStore } from '../contracts/blob-store.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import type { OpenFiles } from '../storage/open-files.ts';

/**
 * The files of a torrent where the blob store has them, to be read only. `contents` goes by the torrent's places; undefined where there are
 * no bytes. What was read from is not evicted until it is closed.
 */
export function openBlobStorage(
  contents: readonly (ContentId | undefined)[],
  blobs: BlobStore,
  open: OpenFiles,
): TorrentStorage {
  const leases = new Map<number, BlobLease>();

  function leaseOf(file: number): BlobLease {
    const known = leases.get(file);
    if (known) return known;
    const content = contents[file];
    const blob = content && blobs.find(content);
    const lease = blob && blobs.lease(blob.sha256);
    if (!lease) throw new SwarmError('STORAGE', `File ${file} of the torrent is not held any more.`);
    leases.set(file, lease);
    return lease;
  }
  const refuse = async (): Promise<never> => {
    throw new SwarmError('STORAGE', 'What the blob store has is only read.');
  };

  return {
    async read(file, position, targets) {
      const wanted = targets.reduce((sum, { length }) => sum + length, 0);
      const { path } = leaseOf(file);
      const bytesRead = await open.use(path, 'r', async (handle) => (await handle.readv(targets, position)).bytesRead);
      if (bytesRead !== wanted) throw new SwarmError('STORAGE', `${path} ends before byte ${position + wanted}.`);
    },
    write: refuse,
    state: async () => undefined,
    flush: async () => {},
    complete: refuse,
    async close() {
      for (const lease of leases.values()) {
        lease.close();
        await open.forget(lease.path);
      }
      leases.clear();
    },
  };
}
