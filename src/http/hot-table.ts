import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Clock } from '../contracts/clock.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { CallerKeys } from './authorization.ts';
import type { Header, ServedFile } from './plan-file.ts';

interface HotEntryBase {
  /** Canonical; `dropRepo` finds entries by it. */
  readonly repo: RepoRef;
  /** End of the right to serve it without asking again, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** All headers that do not depend on the request. */
  readonly headers: readonly Header[];
}

/** A file that is held whole. */
export interface HotFile extends HotEntryBase {
  readonly kind: 'file';
  readonly file: ServedFile;
  /** A leased reader, or undefined when the file is not held any more. */
  open(): ByteReader | Promise<ByteReader | undefined>;
  /** Called at the end of each answer that has bytes of the file, with their number. */
  readonly onEnd?: ((bytes: number) => void) | undefined;
}

/** A small answer that is the same for everybody who has the same rights. */
export interface HotDocument extends HotEntryBase {
  readonly kind: 'document';
  readonly status: number;
  /** One character per byte (latin1): Node joins it to the head and sends both in one piece. */
  readonly body: string;
}

export type HotEntry = HotFile | HotDocument;

export interface HotTableOptions {
  readonly clock: Clock;
  readonly callerKeys: CallerKeys;
  /** Default 4,096. */
  readonly maxEntries?: number;
  /** Bytes of all documents together; one document may take a quarter. Default 32 MiB. */
  readonly maxDocumentBytes?: number;
}

/**
 * Answers that were given a moment ago, by (path and query as sent, caller), so that the next ones skip URL parsing,
 * look-ups and access checks until those would have been due anyway. Least recently used out first.
 */
export class HotTable {
  readonly #clock: Clock;
  readonly #callerKeys: CallerKeys;
  readonly #maxEntries: number;
  readonly #maxDocumentBytes: number;
  readonly #entries = new Map<string, HotEntry>();
  #documentBytes = 0;

  constructor(options: HotTableOptions) {
    this.#clock = options.clock;
    this.#callerKeys = options.callerKeys;
    this.#maxEntries = options.maxEntries ?? 4096;
    this.#maxDocumentBytes = options.maxDocumentBytes ?? 32 * 1024 * 1024;
  }

  /** The answer for this path and query (`/...`, as sent) and bearer token, if there is one that still holds. */
  find(target: string, token: string | undefined): HotEntry | undefined {
    const key = this.#key(target, token);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.expiresAt <= this.#clock.now()) {
      this.#remove(key, entry);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Remembers an answer. Targets over 2 KiB and large documents are not kept. */
  put(target: string, token: string | undefined, entry: HotEntry): void {
    const bytes = documentBytes(entry);
    if (target.length > 2048 || bytes > this.#maxDocumentBytes / 4) return;
    const key = this.#key(target, token);
    const old = this.#entries.get(key);
    if (old) this.#remove(key, old);
    this.#entries.set(key, entry);
    this.#documentBytes += bytes;
    for (const [oldest, value] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#documentBytes <= this.#maxDocumentBytes) break;
      this.#remove(oldest, value);
    }
  }

  /** Forgets one answer. */
  drop(target: string, token: string | undefined): void {
    const key = this.#key(target, token);
    const entry = this.#entries.get(key);
    if (entry) this.#remove(key, entry);
  }

  /** Forgets everything about a repo (its rights or files changed). */
  dropRepo(repo: RepoRef): void {
    for (const [key, entry] of this.#entries) {
      if (entry.repo.type === repo.type && entry.repo.id === repo.id) this.#remove(key, entry);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A target starts with `/`, a caller key never does, so the two cannot run into each other. */
  #key(target: string, token: string | undefined): string {
    return token === undefined ? target : `${this.#callerKeys(token)} ${target}`;
  }

  #remove(key: string, entry: HotEntry): void {
    this.#entries.delete(key);
    this.#documentBytes -= documentBytes(entry);
  }
}

const documentBytes = (entry: HotEntry): number => (entry.kind === 'document' ? entry.body.length : 0);
