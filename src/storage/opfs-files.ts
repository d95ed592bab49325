import type { StoredFile, TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import { isNotFound, opfsError } from './opfs-folder.ts';

/** Files that are open for writing at a time; a repo may have thousands. */
const MOST_OPEN = 32;

export interface OpfsFilesOptions {
  readonly folder: FileSystemDirectoryHandle;
  /** Bytes of each file of the torrent. */
  readonly lengths: readonly number[];
  /** What to call a file in errors. */
  readonly nameOf: (file: number) => string;
  /** Removes something else. False: there is nothing that may go. Chromium tells pages of 10 GiB whatever there is, so the end shows only now. */
  readonly makeRoom: () => Promise<boolean>;
}

/**
 * A torrent's files in a folder of the origin's private file system, each whole and in place, under its number. For a dedicated worker: only
 * there are the handles that write into the middle of a file. Whoever has one keeps everybody else from writing. A file that is complete is closed: from
 * then on it is read as a Blob, as other tabs may.
 */
export function createOpfsFiles(options: OpfsFilesOptions): TorrentStorage {
  return new OpfsFiles(options);
}

class OpfsFiles implements TorrentStorage {
  readonly #options: OpfsFilesOptions;
  readonly #open = new Map<number, Promise<FileSystemSyncAccessHandle>>();
  /** Held for as long as they are open: in Chromium 156, opening one that was collected meanwhile seems never to end. */
  readonly #handles = new Map<number, FileSystemFileHandle>();
  /** As Blobs. */
  readonly #complete = new Map<number, Promise<File | undefined>>();

  constructor(options: OpfsFilesOptions) {
    this.#options = options;
  }

  async read(file: number, position: number, targets: readonly Uint8Array[]): Promise<void> {
    const open = this.#open.get(file);
    let from = position;
    for (const target of targets) {
      const access = await open;
      if (access && this.#open.get(file) === open) this.#readOpen(file, access, from, target);
      else await this.#readBlob(file, from, target);
      from += target.length;
    }
  }

  async write(file: number, position: number, bytes: Uint8Array): Promise<void> {
    const opening = this.#openToWrite(file);
    const access = await opening;
    // It was closed for others meanwhile.
    if (this.#open.get(file) !== opening) return this.write(file, position, bytes);
    try {
      const written = access.write(bytes, { at: position });
      if (written !== bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`);
    } catch (error) {
      throw this.#error(file, error);
    }
  }

  async state(file: number): Promise<StoredFile | undefined> {
    const blob = await this.#blob(file);
    return blob && { path: undefined, length: blob.size, version: `${blob.lastModified}` };
  }

  async flush(files: Iterable<number>): Promise<void> {
    for (const file of files) {
      const open = this.#open.get(file);
      const access = await open;
      if (access && this.#open.get(file) === open) this.#do(file, () => access.flush());
    }
  }

  async complete(file: number): Promise<void> {
    if (this.#options.lengths[file] === 0) await this.#openToWrite(file);
    await this.#shut(file);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((file) => this.#shut(file)));
    this.#complete.clear();
  }

  #readOpen(file: number, access: FileSystemSyncAccessHandle, position: number, target: Uint8Array): void {
    const read = this.#do(file, () => access.read(target, { at: position }));
    if (read !== target.length) throw this.#endsEarly(file);
  }

  async #readBlob(file: number, position: number, target: Uint8Array): Promise<void> {
    const known = this.#complete.get(file) ?? this.#blob(file);
    this.#complete.set(file, known);
    try {
      const blob = await known;
      if (!blob || position + target.length > blob.size) throw this.#endsEarly(file);
      target.set(new Uint8Array(await blob.slice(position, position + target.length).arrayBuffer()));
    } catch (error) {
      // Of a file that was changed, the Blob cannot be read any more.
      this.#complete.delete(file);
      throw this.#error(file, error);
    }
  }

  async #blob(file: number): Promise<File | undefined> {
    try {
      return await (await this.#options.folder.getFileHandle(`${file}`)).getFile();
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw this.#error(file, error);
    }
  }

  #openToWrite(file: number): Promise<FileSystemSyncAccessHandle> {
    const known = this.#open.get(file);
    if (known) return known;
    this.#complete.delete(file);
    const opening = this.#openNew(file);
    this.#open.set(file, opening);
    opening.catch(() => this.#open.delete(file));
    return opening;
  }

  async #openNew(file: number): Promise<FileSystemSyncAccessHandle> {
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MOST_OPEN && oldest !== undefined) await this.#shut(oldest);
    try {
      const handle = await this.#options.folder.getFileHandle(`${file}`, { create: true });
      this.#handles.set(file, handle);
      const access = await handle.createSyncAccessHandle();
      try {
        await this.#reserve(access, this.#options.lengths[file] ?? 0);
      } catch (error) {
        access.close();
        this.#handles.delete(file);
        throw error;
      }
      return access;
    } catch (error) {
      throw this.#error(file, error);
    }
  }

  /** All of its room now: so it does not run out in the middle. */
  async #reserve(access: FileSystemSyncAccessHandle, length: number): Promise<void> {
    try {
      if (access.getSize() !== length) access.truncate(length);
    } catch (error) {
      const isFull = (error as { readonly name?: unknown }).name === 'QuotaExceededError';
      if (!isFull || !(await this.#options.makeRoom())) throw error;
      await this.#reserve(access, length);
    }
  }

  async #shut(file: number): Promise<void> {
    const open = this.#open.get(file);
    this.#open.delete(file);
    const access = await open?.catch(() => undefined);
    if (!access) return;
    try {
      this.#do(file, () => access.flush());
    } finally {
      access.close();
      this.#handles.delete(file);
    }
  }

  #do<T>(file: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#error(file, error);
    }
  }

  #endsEarly(file: number): SwarmError {
    return new SwarmError('STORAGE', `${this.#options.nameOf(file)} is shorter than it should be, or was taken away.`);
  }

  #error(file: number, error: unknown): SwarmError {
    return error instanceof SwarmError ? error : opfsError(error, this.#options.nameOf(file));
  }
}
