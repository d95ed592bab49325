import type { ResumeStore } from '../contracts/resume-store.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { createOpfsFiles } from './opfs-files.ts';
import { createOpfsRecords, openOpfsFolder, removeEntry } from './opfs-folder.ts';

/** What the browser may need beside the files themselves. */
const MARGIN = 16 * 1024 * 1024;

/** A torrent that is kept. */
export interface LibraryEntry {
  /** Its info-hash, hex. */
  readonly key: string;
  /** What is removed together: a repo, or the torrent alone. */
  readonly group: string;
  readonly name: string;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

export interface OpenEntry extends Omit<LibraryEntry, 'usedAt'> {
  /** Bytes of each file. */
  readonly lengths: readonly number[];
  readonly nameOf: (file: number) => string;
}

export interface OpfsLibraryOptions {
  /** Folder of the origin's private file system. */
  readonly path: readonly string[];
  readonly now: () => number;
}

/** Torrents in the origin's private file system: what is there, what was used when, and what goes when there is no room. For a dedicated worker. */
export class OpfsLibrary {
  readonly resume: ResumeStore;
  readonly #options: OpfsLibraryOptions;
  readonly #files: FileSystemDirectoryHandle;
  readonly #records: ResumeStore;
  readonly #entries: Map<string, LibraryEntry>;
  readonly #inUse = new Set<string>();

  private constructor(
    options: OpfsLibraryOptions,
    folders: { readonly files: FileSystemDirectoryHandle; readonly resume: ResumeStore; readonly records: ResumeStore },
    entries: readonly LibraryEntry[],
  ) {
    this.#options = options;
    this.#files = folders.files;
    this.resume = folders.resume;
    this.#records = folders.records;
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
  }

  /** Rejects with STORAGE where there is no such file system. */
  static async open(options: OpfsLibraryOptions): Promise<OpfsLibrary> {
    const [files, resume, records] = await Promise.all(
      ['files', 'resume', 'torrents'].map((name) => openOpfsFolder([...options.path, name])),
    );
    if (!files || !resume || !records) throw new SwarmError('INTERNAL', 'A folder is missing');
    const library = new OpfsLibrary(
      options,
      { files, resume: withoutNeed(createOpfsRecords(resume)), records: createOpfsRecords(records) },
      await readEntries(records),
    );
    await library.#adoptUnknown();
    return library;
  }

  /** What is kept. */
  get entries(): readonly LibraryEntry[] {
    return [...this.#entries.values()];
  }

  /** Where a file of a torrent is, from the root of the file system on. */
  placeOf(key: string, file: number): readonly string[] {
    return [...this.#options.path, 'files', key, `${file}`];
  }

  /**
   * The files of a torrent, which is in use from now on. When there is no room for them, what was not used for the longest time goes, a group
   * at a time. Rejects with DISK_FULL when that is not enough, and with STORAGE.
   */
  async use(entry: OpenEntry): Promise<TorrentStorage> {
    const { key, group, name, bytes, lengths, nameOf } = entry;
    this.#inUse.add(key);
    try {
      if (!this.#entries.has(key)) await this.#makeRoom(bytes, name);
      await this.#keep({ key, group, name, bytes, usedAt: this.#options.now() });
      const folder = await openOpfsFolder([...this.#options.path, 'files', key]);
      return createOpfsFiles({ folder, lengths, nameOf, makeRoom: () => this.#evict() });
    } catch (error) {
      this.release(key);
      throw error;
    }
  }

  /** A torrent is not in use any more: it may go when room is needed. */
  release(key: string): void {
    this.#inUse.delete(key);
  }

  /** Removes what belongs to a group; rejects with BAD_REQUEST when some of it is in use. */
  async forget(group: string): Promise<void> {
    const entries = this.entries.filter((entry) => entry.group === group);
    if (entries.some(({ key }) => this.#inUse.has(key)))
      throw new SwarmError('BAD_REQUEST', `${group} is in use: remove its torrents first.`);
    for (const { key } of entries) await this.#remove(key);
  }

  async #makeRoom(bytes: number, name: string): Promise<void> {
    for (;;) {
      const { quota = 0, usage = 0 } = await navigator.storage.estimate();
      if (quota - usage >= bytes + MARGIN) return;
      if (!(await this.#evict()))
        throw new SwarmError(
          'DISK_FULL',
          `${name} has ${bytes} bytes, and this browser gives the page ${Math.max(0, quota - usage)} more.`,
        );
    }
  }

  /** Removes the group that was used longest ago. False: all that is there is in use. */
  async #evict(): Promise<boolean> {
    const group = this.#leastRecentlyUsed();
    if (group !== undefined) await this.forget(group);
    return group !== undefined;
  }

  /** Of the groups that nobody uses. */
  #leastRecentlyUsed(): string | undefined {
    const used = new Map<string, number>();
    for (const { key, group, usedAt } of this.#entries.values()) {
      const at = this.#inUse.has(key) ? Number.POSITIVE_INFINITY : usedAt;
      used.set(group, Math.max(used.get(group) ?? 0, at));
    }
    const [oldest] = [...used].filter(([, at]) => at < Number.POSITIVE_INFINITY).sort(([, a], [, b]) => a - b);
    return oldest?.[0];
  }

  async #keep(entry: LibraryEntry): Promise<void> {
    this.#entries.set(entry.key, entry);
    const bytes = new TextEncoder().encode(JSON.stringify(entry));
    await this.#records.save(entry.key, bytes).catch(async (error: unknown) => {
      if (!isSwarmError(error, 'DISK_FULL') || !(await this.#evict())) throw error;
      await this.#records.save(entry.key, bytes);
    });
  }

  async #remove(key: string): Promise<void> {
    await removeEntry(this.#files, key);
    await this.resume.delete(key);
    await this.#records.delete(key);
    this.#entries.delete(key);
  }

  /** Folders whose record was cut off by a crash: they are used again, or are the first to go. */
  async #adoptUnknown(): Promise<void> {
    for await (const key of this.#files.keys())
      if (!this.#entries.has(key)) this.#entries.set(key, { key, group: key, name: key, bytes: 0, usedAt: 0 });
  }
}

/** Without a record everything is hashed again: where there is no room for one, that is better than to fail. */
function withoutNeed(store: ResumeStore): ResumeStore {
  return {
    ...store,
    save: (name, bytes) =>
      store.save(name, bytes).catch((error: unknown) => {
        if (!isSwarmError(error, 'DISK_FULL')) throw error;
      }),
  };
}

async function readEntries(records: FileSystemDirectoryHandle): Promise<LibraryEntry[]> {
  const entries: LibraryEntry[] = [];
  for await (const handle of records.values()) {
    if (handle.kind !== 'file') continue;
    const text = await (await (handle as FileSystemFileHandle).getFile()).text();
    const entry = parseEntry(text);
    if (entry?.key === handle.name) entries.push(entry);
  }
  return entries;
}

function parseEntry(text: string): LibraryEntry | undefined {
  try {
    const entry: LibraryEntry = JSON.parse(text);
    const isWhole =
      typeof entry.key === 'string' && typeof entry.group === 'string' && entry.bytes >= 0 && entry.usedAt >= 0;
    return isWhole ? entry : undefined;
  } catch {
    return undefined;
  }
}
