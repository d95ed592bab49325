import { SingleFlight } from '../base/single-flight.ts';
import type { DocumentStore, StoredDocument } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import type { CacheOutcome } from '../http/cache-status.ts';
import { isOutage } from '../repos/refusals.ts';

/** While the Hub is down, public documents are served for a day after they were fetched. */
const STALE_MILLISECONDS = 24 * 3_600_000;
/**
 * After a failure the Hub is left alone for a moment where an old answer will do: a dead host takes seconds to fail.
 */
const PAUSE_MILLISECONDS = 2000;
/** Clients give up on metadata after 10 s; an old answer goes out well before, if the Hub takes longer than this. */
const PATIENCE_MILLISECONDS = 2500;
/** One document; the store bounds them all together. */
const MAX_STORED_BYTES = 16 * 1024 * 1024;

/** A document and where it came from. */
export interface FoundDocument {
  readonly document: StoredDocument;
  readonly outcome: CacheOutcome;
}

export interface DocumentQuery {
  /** Names the document among all public ones. */
  readonly key: string;
  /** Milliseconds during which a stored copy is as good as new; Infinity for what is pinned to a commit. */
  readonly freshFor: number;
  /** The Hub is known to be down: a stored copy is taken at once. */
  readonly preferStored?: boolean;
  /** Called when the Hub has to be asked on behalf of this caller; throws when it may not be. */
  readonly admit?: () => void;
  /** Fetches it, as an anonymous caller. Shared by all who ask meanwhile, so it must not hang on one client. */
  readonly load: () => Promise<StoredDocument>;
}

/**
 * Public API answers: one upstream request however many ask, and the last good answer while the Hub is down or answers
 * 429. Never for anything that a token was needed for.
 */
export class DocumentCache {
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  readonly #offline: boolean;
  readonly #loading = new SingleFlight<StoredDocument>();
  #pausedUntil = 0;

  constructor(options: { readonly documents: DocumentStore; readonly clock: Clock; readonly offline: boolean }) {
    this.#documents = options.documents;
    this.#clock = options.clock;
    this.#offline = options.offline;
  }

  /** Throws what `admit` and `load` throw when there is no usable copy; OFFLINE when nothing may be asked. */
  async get({ key, freshFor, preferStored = false, admit, load }: DocumentQuery): Promise<FoundDocument> {
    const now = this.#clock.now();
    const stored = this.#documents.document(key);
    const age = stored ? Math.abs(now - stored.storedAt) : Number.POSITIVE_INFINITY;
    if (stored && age <= freshFor) return { document: stored, outcome: 'hit' };
    const usable = stored && (this.#offline || age <= STALE_MILLISECONDS) ? stored : undefined;
    if (usable && (this.#offline || preferStored || now < this.#pausedUntil)) {
      return { document: usable, outcome: 'stale' };
    }
    if (this.#offline) throw new SwarmError('OFFLINE', 'This server is offline and has never fetched this document');
    let joined = true;
    try {
      admit?.();
    } catch (error) {
      if (!usable) throw error;
      return { document: usable, outcome: 'stale' };
    }
    try {
      const loading = this.#loading.run(key, async () => {
        joined = false;
        const loaded = await load();
        if (loaded.status === 200 && loaded.body.length <= MAX_STORED_BYTES) this.#documents.putDocument(key, loaded);
        return loaded;
      });
      const loaded = usable ? await this.#inTime(loading, usable) : await loading;
      if (loaded === usable) return { document: loaded, outcome: 'stale' };
      return { document: loaded, outcome: joined ? 'joined' : 'miss' };
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#pause();
      if (!usable) throw error;
      return { document: usable, outcome: 'stale' };
    }
  }

  #pause(): void {
    this.#pausedUntil = this.#clock.now() + PAUSE_MILLISECONDS;
  }

  /** What is being loaded, or `usable` when that takes too long. Then it goes on, and is stored for those who come later. */
  async #inTime(loading: Promise<StoredDocument>, usable: StoredDocument): Promise<StoredDocument> {
    const done = new AbortController();
    const late = this.#clock.sleep(PATIENCE_MILLISECONDS, done.signal).then(() => {
      this.#pause();
      return usable;
    });
    // Whichever loses must not end as an unhandled rejection.
    late.catch(() => {});
    loading.catch(() => {});
    try {
      return await Promise.race([loading, late]);
    } finally {
      done.abort();
    }
  }
}
