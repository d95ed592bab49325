import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResumeStore } from '../contracts/resume-store.ts';
import { SwarmError } from '../errors.ts';

/** Keeps resume data in a folder, one file per torrent, which is made when it is needed. */
export function createResumeFiles(folder: string): ResumeStore {
  const pathOf = (name: string): string => join(folder, `${name}.resume`);
  return {
    async load(name) {
      try {
        return new Uint8Array(await readFile(pathOf(name)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw storageError('read', pathOf(name), error);
      }
    },
    async save(name, bytes) {
      const path = pathOf(name);
      try {
        await mkdir(folder, { recursive: true });
        await writeSafely(path, bytes);
      } catch (error) {
        throw storageError('write', path, error);
      }
    },
    async delete(name) {
      await rm(pathOf(name), { force: true });
    },
  };
}

/** Half a file is never seen: it is written beside, and renamed when it is on the disk. */
async function writeSafely(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

function storageError(what: string, path: string, cause: unknown): SwarmError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = /ENOSPC|EDQUOT/.test(reason) ? 'DISK_FULL' : 'STORAGE';
  return new SwarmError(code, `Cannot ${what} ${path}: ${reason}.`, { cause });
}
