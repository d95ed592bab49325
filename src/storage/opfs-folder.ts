import type { ResumeStore } from '../contracts/resume-store.ts';
import { SwarmError } from '../errors.ts';

/** A folder of the origin's private file system; made when it is missing. Rejects with STORAGE where there is none (private windows of Firefox). */
export async function openOpfsFolder(names: readonly string[]): Promise<FileSystemDirectoryHandle> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true });
    return folder;
  } catch (error) {
    throw new SwarmError('STORAGE', 'This page has no file system of its own here.', { cause: error });
  }
}

/** Small records in a folder. For workers. */
export function createOpfsRecords(folder: FileSystemDirectoryHandle): ResumeStore {
  // A file can be open for writing once only.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    async load(name) {
      try {
        const file = await (await folder.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw opfsError(error, name);
      }
    },
    save: (name, bytes) => inTurn(() => writeRecord(folder, name, bytes)),
    delete: (name) => inTurn(() => removeEntry(folder, name)),
  };
}

/** There is no rename everywhere: what is cut off in between does not decode, and is made anew. */
async function writeRecord(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  let access: FileSystemSyncAccessHandle | undefined;
  const handle = await folder.getFileHandle(name, { create: true });
  try {
    access = await handle.createSyncAccessHandle();
    access.truncate(0);
    access.write(bytes, { at: 0 });
    access.flush();
  } catch (error) {
    throw opfsError(error, handle.name);
  } finally {
    access?.close();
  }
}

/** Removes a file, or a folder with all that is in it; nothing happens when it is not there. */
export async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!isNotFound(error)) throw opfsError(error, name);
  });
}

export function isNotFound(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'NotFoundError';
}

/** What went wrong with a file, in our words. `QuotaExceededError` is a class of its own in newer browsers: its name is the same. */
export function opfsError(error: unknown, name: string): SwarmError {
  const { name: kind, message } = error as { readonly name?: string; readonly message?: string };
  if (kind === 'QuotaExceededError')
    return new SwarmError('DISK_FULL', `This browser gives the page no more room, and ${name} needs some.`, {
      cause: error,
    });
  return new SwarmError('STORAGE', `${name} cannot be used: ${message ?? kind}.`, { cause: error });
}
