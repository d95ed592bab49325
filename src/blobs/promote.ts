import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StoredBlob } from '../contracts/catalog.ts';
import type { Blob, ContentId } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { blobPath, directoryOf } from './layout.ts';
import type { StoreParts } from './store-parts.ts';
import { syncDirectory } from './sync-directory.ts';

/**
 * Makes a part file a blob. The order keeps what a crash leaves harmless: bytes on the disk, then the name, then the
 * name on the disk, then the row. A file without a row is adopted by the next start, after hashing it.
 * Errors: DISK_FULL (no room for the bytes or the row), INTERNAL (the part is not there, not below a store directory, or not what `blob` says; I/O).
 */
export async function promotePart(
  store: StoreParts,
  partPath: string,
  blob: Blob,
  ids: readonly ContentId[],
): Promise<void> {
  for (const id of ids) refuseOtherContent(blob, id);
  const release = store.leases.take(blob.sha256);
  try {
    await store.turns.run(blob.sha256, () => promoteInTurn(store, partPath, blob, ids));
  } finally {
    release();
  }
}

async function promoteInTurn(
  store: StoreParts,
  partPath: string,
  blob: Blob,
  ids: readonly ContentId[],
): Promise<void> {
  const held = store.index.blob(blob.sha256);
  if (held && (await isWhole(held))) {
    for (const id of ids) store.index.linkContent(blob.sha256, id);
    store.index.touchBlob(blob.sha256, store.clock.now());
    await rm(partPath, { force: true });
    return;
  }
  const directory = directoryOf(partPath, store.directories);
  if (directory === undefined) {
    throw new SwarmError('INTERNAL', `${partPath} is not below a store directory (${store.directories.join(', ')})`);
  }
  try {
    await syncPart(partPath, blob);
    await store.shards.ensure(dirname(blobPath(directory, blob.sha256)));
    await store.gate.move(() =>
      moveIntoPlace(store, partPath, { ...blob, directory, pinned: held?.pinned ?? false }, ids),
    );
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    const { code, message: reason } = error as NodeJS.ErrnoException;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new SwarmError(isFull ? 'DISK_FULL' : 'INTERNAL', `Could not store blob ${blob.sha256}: ${reason}`, {
      cause: error,
    });
  }
}

async function isWhole({ directory, sha256, size }: StoredBlob): Promise<boolean> {
  const found = await stat(blobPath(directory, sha256)).catch(() => undefined);
  return found?.size === size;
}

async function moveIntoPlace(
  { index, clock }: StoreParts,
  partPath: string,
  blob: Blob & Pick<StoredBlob, 'directory' | 'pinned'>,
  ids: readonly ContentId[],
): Promise<void> {
  const target = blobPath(blob.directory, blob.sha256);
  await rename(partPath, target);
  try {
    await syncDirectory(dirname(target));
    const now = clock.now();
    index.putBlob({ ...blob, usedAt: now, verifiedAt: now }, ids);
  } catch (error) {
    // A file without a row would take up room until the next start. As a part, its fill can try again.
    await rename(target, partPath);
    throw error;
  }
}

async function syncPart(partPath: string, { sha256, size }: Blob): Promise<void> {
  const part = await open(partPath, 'r+');
  try {
    const found = (await part.stat()).size;
    if (found !== size) {
      throw new SwarmError('INTERNAL', `${partPath} has ${found} bytes; blob ${sha256} has ${size}`);
    }
    await part.datasync();
  } finally {
    await part.close();
  }
}

/** A slip in a caller must not give bytes a name that they do not have. Throws INTERNAL. */
export function refuseOtherContent(blob: Blob, id: ContentId): void {
  const named = id.kind === 'lfs' ? id.sha256 === blob.sha256 : id.gitOid === blob.gitOid;
  if (named && id.size === blob.size) return;
  throw new SwarmError(
    'INTERNAL',
    `Blob ${blob.sha256} of ${blob.size} bytes is not the content ${JSON.stringify(id)}`,
  );
}
