import { type FileHandle, open } from 'node:fs/promises';

interface Entry {
  readonly handle: Promise<FileHandle>;
  users: number;
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

  /** Runs `work` with the file open in a mode (`r`, `r+`). Rejects with what the system says. */
  async use<T>(path: string, mode: 'r' | 'r+', work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const key = `${mode} ${path}`;
    const entry = this.#take(key, path, mode);
    try {
      return await work(await entry.handle);
    } finally {
      entry.users--;
      await this.#shrink();
    }
  }

  /** Closes the file if it is open and nobody uses it; who does finishes first. */
  async forget(path: string): Promise<void> {
    for (const mode of ['r', 'r+']) {
      const key = `${mode} ${path}`;
      const entry = this.#entries.get(key);
      this.#entries.delete(key);
      await entry?.handle.then((handle) => handle.close()).catch(() => {});
    }
  }

  async close(): Promise<void> {
    const handles = [...this.#entries.values()].map(({ handle }) => handle);
    this.#entries.clear();
    await Promise.allSettled(handles.map(async (handle) => (await handle).close()));
  }

  #take(key: string, path: string, mode: string): Entry {
    const known = this.#entries.get(key);
    const entry = known ?? { handle: open(path, mode), users: 0 };
    if (!known) entry.handle.catch(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    entry.users++;
    // The map is in the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  async #shrink(): Promise<void> {
    for (const [key, { users, handle }] of this.#entries) {
      if (this.#entries.size <= this.#most) return;
      if (users > 0) continue;
      this.#entries.delete(key);
      await handle.then((file) => file.close()).catch(() => {});
    }
  }
}
