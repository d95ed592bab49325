import { mkdir, open, rename, stat, truncate } from 'node:fs/promises';
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
 * A torrent's files in a folder. A file has `.part` behind its name until it is complete, and is made, sparse, by the first write to it. The name
 * is a promise:
 *
 * - What has its own name is not written to. A write to such a file (a check found rot in it, or it is of another version) first puts `.part` behind
 *   its name, and only `complete` takes that away again. So nobody opens by its name what is half changed.
 * - Where a file and its `.part` lie side by side, the file counts, and the other is neither read nor touched; a write rejects with STORAGE, since
 *   one of the two would be lost.
 * - A `.part` of another length gets the right one by the first write, or by `complete`. A longer file of its own name stays as it is until then.
 * - A file that is renamed between two uses is found again. One that somebody has taken away is not made anew before `close`: the pieces that
 *   were in it would be missing, and nobody would know. Writes, at the latest `complete`, reject with STORAGE.
 *
 * Writes to a file are over before `complete` is called for it: one that is under way may still land in the file after it has got its name.
 */
export function createTorrentFiles(options: TorrentFilesOptions): TorrentStorage {
  return new TorrentFiles(options);
}

class TorrentFiles implements TorrentStorage {
  readonly #options: TorrentFilesOptions;
  readonly #partSuffix: string;
  /** Where each file is, as far as is known. */
  readonly #found = new Map<number, string>();
  /** Those that may be written to. */
  readonly #writable = new Map<number, Promise<string>>();
  /** Files that were there since the storage was opened. */
  readonly #seen = new Set<number>();
  /** The last thing that is done to the name of each. */
  readonly #turns = new Map<number, Promise<unknown>>();

  constructor(options: TorrentFilesOptions) {
    this.#options = options;
    const isTaken = options.paths.some((path) => path?.endsWith(PART_SUFFIX));
    this.#partSuffix = isTaken ? OTHER_PART_SUFFIX : PART_SUFFIX;
  }

  read(file: number, position: number, targets: readonly Uint8Array[]): Promise<void> {
    return this.#do(file, 'read', async () => {
      const path = await this.#existing(file);
      if (path === undefined) throw this.#error(file, 'read', 'it is not there');
      await this.#options.open.use(path, 'r', async (handle) => {
        const wanted = targets.reduce((sum, { length }) => sum + length, 0);
        const { bytesRead } = await handle.readv(targets, position);
        if (bytesRead !== wanted) throw this.#error(file, 'read', `it ends before byte ${position + wanted}`);
      });
    });
  }

  write(file: number, position: number, bytes: Uint8Array): Promise<void> {
    return this.#do(file, 'write', async () => {
      const path = await this.#toWrite(file);
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
      const path = await this.#toWrite(file);
      return this.#options.open.use(path, 'r+', (handle) => work(handle.fd));
    });
  }

  state(file: number): Promise<StoredFile | undefined> {
    return this.#do(file, 'look at', async () => {
      const path = await this.#existing(file);
      if (path === undefined) return undefined;
      const { size, mtimeMs } = await stat(path);
      return { path, length: size, version: `${mtimeMs}` };
    });
  }

  async flush(files: Iterable<number>): Promise<void> {
    if (this.#options.readOnly) return;
    for (const file of files) {
      await this.#do(file, 'flush', async () => {
        const path = await this.#existing(file);
        if (path !== undefined) await this.#options.open.use(path, 'r+', (handle) => handle.datasync());
      });
    }
  }

  complete(file: number): Promise<void> {
    // What is only read keeps the name that it has.
    if (this.#options.readOnly) return Promise.resolve();
    return this.#do(file, 'complete', async () => {
      await this.#inTurn(file, () => this.#giveName(file));
      // Not in its turn: who uses it may be waiting for that.
      await this.#options.open.forget(this.#part(file));
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#turns.values());
    const paths = [...this.#seen].flatMap((file) => [this.#final(file), this.#part(file)]);
    await Promise.all(paths.map((path) => this.#options.open.forget(path)));
    for (const known of [this.#found, this.#writable, this.#seen, this.#turns]) known.clear();
  }

  #final(file: number): string {
    const path = this.#options.paths[file];
    if (path === undefined) throw new SwarmError('INTERNAL', `File ${file} of the torrent has no bytes of its own`);
    return join(this.#options.root, path);
  }

  #part(file: number): string {
    return this.#final(file) + this.#partSuffix;
  }

  /** Where the file is now: complete, or in part. */
  async #existing(file: number): Promise<string | undefined> {
    return this.#found.get(file) ?? (await this.#find(file));
  }

  async #find(file: number): Promise<string | undefined> {
    const final = this.#final(file);
    // The first once more: the file may have got its name between the two looks.
    for (const path of [final, this.#part(file), final]) if (await isFile(path)) return this.#isAt(file, path);
    return undefined;
  }

  #isAt(file: number, path: string): string {
    this.#seen.add(file);
    this.#found.set(file, path);
    return path;
  }

  /** Where the file may be written to: it is made, or loses its name, once. */
  #toWrite(file: number): Promise<string> {
    if (this.#options.readOnly) throw this.#error(file, 'write', 'this torrent is only read');
    const known = this.#writable.get(file);
    if (known) return known;
    const path = this.#inTurn(file, async () => this.#prepare(file, await this.#find(file)));
    this.#writable.set(file, path);
    path.catch(() => this.#writable.get(file) === path && this.#writable.delete(file));
    return path;
  }

  async #prepare(file: number, found: string | undefined): Promise<string> {
    const [final, part] = [this.#final(file), this.#part(file)];
    const length = this.#options.lengths[file] ?? 0;
    // Of no bytes none can be wrong: it has its name from the first.
    const path = length === 0 && found !== part ? final : part;
    if (found === undefined) await this.#create(file, path);
    else if (found !== path) await this.#takeName(file);
    if (path === part && (await stat(path)).size !== length) await truncate(path, length);
    return this.#isAt(file, path);
  }

  async #create(file: number, path: string): Promise<void> {
    if (this.#seen.has(file)) throw this.#error(file, 'write', 'it was taken away, with what was in it');
    await mkdir(dirname(path), { recursive: true });
    await (await open(path, 'a')).close();
  }

  async #takeName(file: number): Promise<void> {
    const [final, part] = [this.#final(file), this.#part(file)];
    if (await isFile(part)) throw this.#isTwice(file, 'write');
    await rename(final, part);
    void this.#options.open.forget(final);
  }

  async #giveName(file: number): Promise<void> {
    const [final, part] = [this.#final(file), this.#part(file)];
    const known = this.#found.get(file);
    const found = await this.#find(file);
    if (found === final) {
      // Somebody has put it beside the one that was written to.
      if (known === part && (await isFile(part))) throw this.#isTwice(file, 'complete');
      return;
    }
    const isEmpty = this.#options.lengths[file] === 0;
    // A file of no bytes has had no write; another one without its bytes is not complete.
    if (found === undefined && !isEmpty) throw this.#error(file, 'complete', 'it is not there');
    this.#writable.delete(file);
    const path = await this.#prepare(file, found);
    if (path !== final) {
      await this.#options.open.use(path, 'r+', (handle) => handle.sync());
      await rename(path, final);
      this.#isAt(file, final);
    }
    await syncFolder(dirname(final));
  }

  /** One after the other: what is done to the name of a file. */
  #inTurn<T>(file: number, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(file) ?? Promise.resolve()).then(work);
    this.#turns.set(
      file,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** Once more when the file was renamed, or taken away, since it was found. Rejects with what is wrong, and with which file. */
  async #do<T>(file: number, what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work().catch((error) => {
        if (!isMissing(error)) throw error;
        this.#lose(file);
        return work();
      });
    } catch (error) {
      if (isSwarmError(error)) throw error;
      throw this.#error(file, what, error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Nothing is known of it: the next use looks for it, and opens it anew. */
  #lose(file: number): void {
    this.#found.delete(file);
    this.#writable.delete(file);
    for (const path of [this.#final(file), this.#part(file)]) void this.#options.open.forget(path);
  }

  #isTwice(file: number, what: string): SwarmError {
    return this.#error(file, what, `${this.#part(file)} lies beside it. Take one of the two away`);
  }

  #error(file: number, what: string, reason: string, cause?: unknown): SwarmError {
    this.#lose(file);
    const name = `${this.#options.root}/${this.#options.paths[file]}`;
    const isFull = /ENOSPC|EDQUOT/.test(reason);
    const advice = isFull ? ' Free some space, then go on.' : '';
    return new SwarmError(isFull ? 'DISK_FULL' : 'STORAGE', `Cannot ${what} ${name}: ${reason}.${advice}`, { cause });
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Rejects when something else has that name. */
async function isFile(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isFile()) return true;
  } catch (error) {
    // A name that is too long for the file system is nobody's.
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return false;
    throw error;
  }
  throw new Error(`${path} is no file`);
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
