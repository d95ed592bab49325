import { type FileHandle, open } from 'node:fs/promises';

interface Entry {
  readonly handle: Promise<FileHandle>;
  users: number;
  /** It is not to be found any more: it closes when nobody uses it. */
  isDropped: boolean;
  readonly closed: PromiseWithResolvers<void>;
}

/**
 * File handles that are kept open between uses, at most so many: the one that was used longest ago is closed first. Shared by all torrents of
 * a process, since the system's limit is.
 */
export class OpenFiles {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();

  constructor(most = 256) {
    this.#most = most;
  }

  /** How many are open, or being opened. */
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
      if (entry.isDropped) closeIfIdle(entry);
      else this.#shrink();
    }
  }

  /** Closes the file, if it is open: who uses it finishes first. Whoever comes now opens it anew. */
  async forget(path: string): Promise<void> {
    await Promise.all(['r', 'r+'].map((mode) => this.#drop(`${mode} ${path}`)));
  }

  /** Closes all of them, as `forget` does. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((key) => this.#drop(key)));
  }

  #take(key: string, path: string, mode: string): Entry {
    const known = this.#entries.get(key);
    const entry = known ?? {
      handle: open(path, mode),
      users: 0,
      isDropped: false,
      closed: Promise.withResolvers<void>(),
    };
    if (!known) entry.handle.catch(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    entry.users++;
    // The map is in the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  async #drop(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    entry.isDropped = true;
    closeIfIdle(entry);
    await entry.closed.promise;
  }

  #shrink(): void {
    for (const [key, { users }] of this.#entries) {
      if (this.#entries.size <= this.#most) return;
      if (users === 0) void this.#drop(key);
    }
  }
}

function closeIfIdle({ users, handle, closed }: Entry): void {
  if (users > 0) return;
  // What could not be opened is closed.
  handle.then((file) => file.close()).then(closed.resolve, () => closed.resolve());
}
