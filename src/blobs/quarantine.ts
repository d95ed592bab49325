import { mkdir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredBlob } from '../contracts/catalog.ts';
import { removeFile } from './eviction.ts';
import { blobPath, quarantinePath } from './layout.ts';
import type { StoreParts } from './store-parts.ts';

/** Kept per directory for whoever wants to know what the disk did; the oldest go first. */
const MOST_FILES = 16;
const MOST_BYTES = 1024 ** 3;

/** Takes a blob that no longer matches its name out of the store; the next request fetches it anew. Warns. */
export async function quarantineBlob(store: StoreParts, blob: StoredBlob, reason: string): Promise<void> {
  const { sha256, size, directory } = blob;
  store.logger.warn({ sha256, size, directory, reason }, 'stored blob is damaged: moved to quarantine');
  store.index.removeBlob(sha256);
  store.descriptors.forget(sha256, { spoiled: true });
  await store.turns.run(sha256, () => setAside(store, directory, sha256));
}

/** Moves a file that has no row out of `blobs/`. To be called in the blob's turn. */
export async function setAside(store: StoreParts, directory: string, sha256: string): Promise<void> {
  const folder = quarantinePath(directory);
  const path = blobPath(directory, sha256);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(path, join(folder, `${sha256}.${store.clock.now()}`));
    await trim(folder);
  } catch (error) {
    store.logger.warn({ path, error: (error as Error).message }, 'a damaged file could not be moved to quarantine');
    await removeFile(store, path);
  }
}

async function trim(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { path, size: (await stat(path)).size, movedAt: Number(name.split('.')[1] ?? 0) };
    }),
  );
  files.sort((one, other) => other.movedAt - one.movedAt);
  let bytes = 0;
  for (const [index, { path, size }] of files.entries()) {
    bytes += size;
    if (index >= MOST_FILES || bytes > MOST_BYTES) await unlink(path);
  }
}
