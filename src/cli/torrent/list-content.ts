import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { SwarmError } from '../../errors.ts';
import { fileError } from './file-error.ts';
import { isCacheLink } from './hub-cache.ts';
import { inParallel } from './in-parallel.ts';
import { printable } from './printable.ts';

/** Questions to the file system at a time: enough to hide a network disk's delay. */
const PARALLEL_LOOKS = 32;
const SLASH = Buffer.from('/');

/** A file that goes into a torrent. */
export interface ContentFile {
  /** Below the folder, `/`-joined bytes as the file system has them. */
  readonly path: Uint8Array;
  readonly length: number;
  /** Where its bytes are, or for a link the bytes themselves. */
  readonly source: { readonly path: Uint8Array; readonly mtimeMs: number } | { readonly text: Uint8Array };
}

/**
 * The files of a folder as the Hub would list them: without `.git` and the `.cache` at its top, links of the Hugging Face cache as the files
 * that they lead to, other links as their text (which is what git keeps of them).
 *
 * @param folder absolute
 * @param except absolute path of a file to leave out
 * @throws SwarmError BAD_REQUEST: something can not be read, or is no file (a socket, a device), and says which
 */
export async function listContent(folder: string, except: string, signal: AbortSignal): Promise<ContentFile[]> {
  const top = Buffer.from(folder);
  const left = Buffer.from(except);
  const found: ContentFile[] = [];
  const walk = async (below: Uint8Array | undefined): Promise<void> => {
    signal.throwIfAborted();
    const place = below ? joined(top, below) : top;
    const entries = await readdir(place, { encoding: 'buffer', withFileTypes: true }).catch((error: unknown) => {
      throw fileError(place, error);
    });
    const folders: Uint8Array[] = [];
    const looks = entries
      .filter(({ name }) => !isSkipped(name, below === undefined))
      .map((entry) => async () => {
        const path = below ? joined(below, entry.name) : entry.name;
        const full = joined(top, path);
        if (entry.isDirectory()) folders.push(path);
        else if (!full.equals(left)) found.push(await lookAt(full, path));
      });
    await inParallel(looks, PARALLEL_LOOKS, signal);
    for (const path of folders) await walk(path);
  };
  await walk(undefined);
  return found;
}

async function lookAt(full: Buffer, path: Uint8Array): Promise<ContentFile> {
  try {
    const own = await lstat(full);
    if (!own.isSymbolicLink()) return plainFile(full, path, own);
    const text = await readlink(full, { encoding: 'buffer' });
    if (isCacheLink(text)) return plainFile(full, path, await stat(full));
    return { path, length: text.length, source: { text } };
  } catch (error) {
    throw error instanceof SwarmError ? error : fileError(full, error);
  }
}

function plainFile(full: Uint8Array, path: Uint8Array, stats: Stats): ContentFile {
  if (!stats.isFile()) {
    throw new SwarmError('BAD_REQUEST', `${printable(full)} is ${kindOf(stats)}, which no torrent can contain.`);
  }
  return { path, length: stats.size, source: { path: full, mtimeMs: stats.mtimeMs } };
}

function kindOf(stats: Stats): string {
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isDirectory()) return 'a link to a folder';
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'a device' : 'no file';
}

function isSkipped(name: Buffer, isTop: boolean): boolean {
  const text = name.toString('latin1');
  return text === '.git' || (isTop && text === '.cache');
}

function joined(above: Uint8Array, name: Uint8Array): Buffer {
  return Buffer.concat([above, SLASH, name]);
}
