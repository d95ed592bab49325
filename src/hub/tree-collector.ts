import type { Entry, TreeDirectory } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { MAX_TREE_ITEMS } from '../hub-format/tree-page.ts';

/** Collects the entries of a listing, and refuses what cannot stand side by side in one git tree. */
export class TreeCollector {
  readonly entries: Entry[] = [];
  readonly directories: TreeDirectory[] = [];
  readonly #what: string;
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(what: string) {
    this.#what = what;
  }

  /** @throws SwarmError UPSTREAM_INVALID: a path twice, or too many. */
  add(entries: readonly Entry[], directories: readonly TreeDirectory[]): void {
    for (const directory of directories) {
      this.#claim(directory.path);
      this.#folders.add(directory.path);
      this.directories.push(directory);
    }
    for (const entry of entries) {
      this.#claim(entry.path);
      this.#files.add(entry.path);
      this.entries.push(entry);
    }
    if (this.#files.size + this.#folders.size > MAX_TREE_ITEMS) throw this.#refuse('more than a million items');
  }

  /** @throws SwarmError UPSTREAM_INVALID when a file stands where another path has a directory. */
  finish(): void {
    for (const path of [...this.#files, ...this.#folders]) {
      for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
        if (this.#files.has(path.slice(0, slash))) throw this.#refuse(`a file in the place of a directory of ${path}`);
      }
    }
  }

  #claim(path: string): void {
    if (this.#files.has(path) || this.#folders.has(path)) throw this.#refuse(`${path} twice`);
  }

  #refuse(content: string): SwarmError {
    return new SwarmError('UPSTREAM_INVALID', `The Hub's listing of ${this.#what} holds ${content}.`);
  }
}
