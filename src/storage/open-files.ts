import { type FileHandle, open } from 'node:fs/promises';

interface Entry {
  readonly path: string;
  readonly handle: Promise<FileHandle>;
  users: number;
  readonly closed: PromiseWithResolvers<void>;
}

/**
 * File handles that are kept open between uses, at most so many: the one that was used longest ago is closed first. Shared by all torrents of
 * a process, since the system's limit is.
 */
export class OpenFiles {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  /** Not to be found any more: they close when nobody uses them. */
  readonly #dropped = new Set<Entry>();

  constructor(most = 256) {
    this.#most = most;
  }

  /** How many are open, or being opened. Those that are only waiting for their last user are not counted. */
  get size(): number {
    return this.#entries.size;
  }

  /** Runs `work` with the file open in a mode (`r`, `r+`). Rejects with what the system says. */
  async use<T>(path: string, mode: 'r' | 'r+', work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const entry = this.#take(`${mode} ${path}`, path, mode);
    try {
      return await work(await entry.handle);
    } finally {
      entry.users--;
      if (this.#dropped.has(entry)) this.#closeIfIdle(entry);
      else this.#shrink();
    }
  }

  /**
   * Closes the file, if it is open: who uses it finishes first. Whoever comes now opens it anew, even before this has resolved, which it does
   * when every handle that was open is closed, whoever has let go of it.
   */
  async forget(path: string): Promise<void> {
    for (const mode of ['r', 'r+']) this.#drop(`${mode} ${path}`);
    await this.#closed((entry) => entry.path === path);
  }

  /** Closes all of them, as `forget` does. */
  async close(): Promise<void> {
    for (const key of [...this.#entries.keys()]) this.#drop(key);
    await this.#closed(() => true);
  }

  #take(key: string, path: string, mode: string): Entry {
    const known = this.#entries.get(key);
    const entry = known ?? { path, handle: open(path, mode), users: 0, closed: Promise.withResolvers<void>() };
    if (!known) entry.handle.catch(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    entry.users++;
    // The map is in the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#dropped.add(entry);
    this.#closeIfIdle(entry);
  }

  #shrink(): void {
    for (const [key, { users }] of this.#entries) {
      if (this.#entries.size <= this.#most) return;
      if (users === 0) this.#drop(key);
    }
  }

  #closeIfIdle(entry: Entry): void {
    if (entry.users > 0) return;
    const done = (): void => {
      this.#dropped.delete(entry);
      entry.closed.resolve();
    };
    // What could not be opened is closed.
    entry.handle.then((file) => file.close()).then(done, done);
  }

  async #closed(isMeant: (entry: Entry) => boolean): Promise<void> {
    await Promise.all([...this.#dropped].filter(isMeant).map(({ closed }) => closed.promise));
  }
}
