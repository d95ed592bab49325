import { unlink } from 'node:fs/promises';
import type { StoredBlob } from '../contracts/catalog.ts';
import { isSwarmError } from '../errors.ts';
import { blobPath } from './layout.ts';
import type { StoreParts } from './store-parts.ts';

/**
 * Drops a blob, unless it is leased. The row goes first: from then on nobody can open it, and if the process dies here
 * the file is found and sorted out by the next start.
 */
export async function evictBlob(store: StoreParts, blob: StoredBlob): Promise<void> {
  const { sha256, size, directory } = blob;
  if (store.leases.has(sha256)) return;
  const rowIsGone = removeRow(store, sha256);
  store.descriptors.forget(sha256);
  await store.turns.run(sha256, async () => {
    await removeFile(store, blobPath(directory, sha256));
    if (!rowIsGone) store.index.removeBlob(sha256);
  });
  store.logger.info({ sha256, size, usedAt: blob.usedAt }, 'blob evicted');
}

/** False when the disk is so full that not even a row can be removed: the file must go first then. */
function removeRow(store: StoreParts, sha256: string): boolean {
  try {
    store.index.removeBlob(sha256);
    return true;
  } catch (error) {
    if (!isSwarmError(error, 'DISK_FULL')) throw error;
    return false;
  }
}

/** Deletes a file that has no row. A failure is logged: the next start tries again. */
export async function removeFile(store: StoreParts, path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') store.logger.warn({ path, error: error.message }, 'a file could not be deleted');
  });
}
