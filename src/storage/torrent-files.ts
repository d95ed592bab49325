import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredFile, TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import type { OpenFiles } from './open-files.ts';

/** Of files that are not complete yet. */
const PART_SUFFIX = '.part';
/** Where the torrent has files of such names itself. */
const OTHER_PART_SUFFIX = '.modelswarm-part';

export interface TorrentFilesOptions {
  /** Path of each file below `root`, `/`-joined and safe; undefined for what has no bytes of its own (pads, links). */
  readonly paths: readonly (string | undefined)[];
  readonly lengths: readonly number[];
  readonly root: string;
  readonly open: OpenFiles;
  /** Nothing may be created or changed: for seeding what is there. */
  readonly readOnly?: boolean;
}

/**
 * A torrent's files in a folder. A file has `.part` behind its name until it is complete, and is made, sparse, by the first write to it:
 * what has its own name is whole and verified, unless somebody changed it: a piece that turned out bad is written into it in its place.
 * A file that is renamed or made anew between two uses is found again.
 */
export function createTorrentFiles(options: TorrentFilesOptions): TorrentStorage {
  return new TorrentFiles(options);
}

class TorrentFiles implements TorrentStorage {
  readonly #options: TorrentFilesOptions;
  readonly #partSuffix: string;
  /** Where each file is, once that is known. */
  readonly #found = new Map<number, Promise<string>>();

  constructor(options: TorrentFilesOptions) {
    this.#options = options;
    const isTaken = options.paths.some((path) => path?.endsWith(PART_SUFFIX));
    this.#partSuffix = isTaken ? OTHER_PART_SUFFIX : PART_SUFFIX;
  }

  read(file: number, position: number, targets: readonly Uint8Array[]): Promise<void> {
    return this.#do(file, 'read', async () => {
      await this.#lookAgain(file, async () => {
        const path = await this.#existing(file);
        if (path === undefined) throw this.#error(file, 'read', 'it is not there');
        await this.#options.open.use(path, 'r', async (handle) => {
          const wanted = targets.reduce((sum, { length }) => sum + length, 0);
          const { bytesRead } = await handle.readv(targets, position);
          if (bytesRead !== wanted) throw this.#error(file, 'read', `it ends before byte ${position + wanted}`);
        });
      });
    });
  }

  write(file: number, position: number, bytes: Uint8Array): Promise<void> {
    return this.#do(file, 'write', async () => {
      const path = await this.#writable(file);
      await this.#options.open.use(path, 'r+', async (handle) => {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
          done += bytesWritten;
        }
      });
    });
  }

  withFile<T>(file: number, work: (fd: number) => Promise<T>): Promise<T> {
    return this.#do(file, 'write', async () => {
      const path = await this.#writable(file);
      return this.#options.open.use(path, 'r+', (handle) => work(handle.fd));
    });
  }

  state(file: number): Promise<StoredFile | undefined> {
    return this.#do(file, 'look at', () =>
      this.#lookAgain(file, async () => {
        const path = await this.#existing(file);
        if (path === undefined) return undefined;
        const { size, mtimeMs } = await stat(path);
        return { path, length: size, version: `${mtimeMs}` };
      }),
    );
  }

  async flush(files: Iterable<number>): Promise<void> {
    for (const file of files) {
      await this.#do(file, 'flush', () =>
        this.#lookAgain(file, async () => {
          const path = await this.#existing(file);
          if (path !== undefined) await this.#options.open.use(path, 'r+', (handle) => handle.datasync());
        }),
      );
    }
  }

  complete(file: number): Promise<void> {
    return this.#do(file, 'complete', async () => {
      const final = this.#path(file);
      // What is only read keeps the name that it has.
      if ((await this.#existing(file)) === final || this.#options.readOnly) return;
      // A file of no bytes has had no write.
      const path = await this.#writable(file);
      if (path === final) return;
      await this.#options.open.use(path, 'r+', (handle) => handle.sync());
      await rename(path, final);
      this.#found.set(file, Promise.resolve(final));
      await this.#options.open.forget(path);
      await syncFolder(dirname(final));
    });
  }

  async close(): Promise<void> {
    for (const path of await Promise.allSettled(this.#found.values())) {
      if (path.status === 'fulfilled') await this.#options.open.forget(path.value);
    }
    this.#found.clear();
  }

  /** Does something once more when the file was renamed, or taken away, since it was found. */
  async #lookAgain<T>(file: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#found.delete(file);
      return await work();
    }
  }

  #path(file: number): string {
    const path = this.#options.paths[file];
    if (path === undefined) throw new SwarmError('INTERNAL', `File ${file} of the torrent has no bytes of its own`);
    return join(this.#options.root, path);
  }

  /** Where the file is now: complete, or in part. */
  async #existing(file: number): Promise<string | undefined> {
    const known = this.#found.get(file);
    if (known) return known;
    const final = this.#path(file);
    for (const path of [final, final + this.#partSuffix]) {
      if (!(await isFile(path))) continue;
      this.#found.set(file, Promise.resolve(path));
      return path;
    }
    return undefined;
  }

  /** The same, and it is made when it is not there. */
  #writable(file: number): Promise<string> {
    const known = this.#found.get(file);
    if (known) return known;
    if (this.#options.readOnly) throw this.#error(file, 'write', 'this torrent is only read');
    const found = this.#existing(file).then((path) => path ?? this.#create(file));
    this.#found.set(file, found);
    found.catch(() => this.#found.delete(file));
    return found;
  }

  async #create(file: number): Promise<string> {
    const final = this.#path(file);
    const length = this.#options.lengths[file] ?? 0;
    const path = length === 0 ? final : final + this.#partSuffix;
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a');
    try {
      await handle.truncate(length);
    } finally {
      await handle.close();
    }
    return path;
  }

  async #do<T>(file: number, what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isSwarmError(error)) throw error;
      throw this.#error(file, what, error instanceof Error ? error.message : String(error), error);
    }
  }

  #error(file: number, what: string, reason: string, cause?: unknown): SwarmError {
    // It may have vanished: the next try looks again.
    this.#found.delete(file);
    const name = `${this.#options.root}/${this.#options.paths[file]}`;
    const isFull = /ENOSPC|EDQUOT/.test(reason);
    const advice = isFull ? ' Free some space, then go on.' : '';
    return new SwarmError(isFull ? 'DISK_FULL' : 'STORAGE', `Cannot ${what} ${name}: ${reason}.${advice}`, { cause });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Without it a rename may be lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
