import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory.ts';

/** The folders below `blobs/`: made, and their names durable, before the first file goes into them. */
export class ShardFolders {
  readonly #ready = new Map<string, Promise<void>>();

  /** Once per folder and process: an earlier run may have ended between making a folder and syncing its name. */
  ensure(path: string): Promise<void> {
    const known = this.#ready.get(path);
    if (known) return known;
    const ready = makeDurable(path);
    this.#ready.set(path, ready);
    ready.catch(() => this.#ready.delete(path));
    return ready;
  }
}

async function makeDurable(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await syncDirectory(dirname(path));
}
