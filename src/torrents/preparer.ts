import pLimit from 'p-limit';
import type { Caller, Repos } from '../contracts/access.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Files } from '../contracts/files.ts';
import type { Logger } from '../contracts/logger.ts';
import { contentOf } from '../fill/content.ts';
import type { CanonicalLayout } from '../metainfo/canonical.ts';
import type { HeldHashes } from './held-hashes.ts';
import { type Preparation, Preparations, type Work } from './preparations.ts';
import type { Subject } from './subject.ts';

/** Files that are fetched for torrents at the same time: of one repo, and of all. Others wait for their turn. */
const MOST_FILES_OF_A_REPO = 4;
const MOST_FILES = 32;

export interface PreparerOptions {
  readonly repos: Repos;
  readonly files: Files;
  readonly held: HeldHashes;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Fetches and hashes what a torrent is asked of, behind the answers. */
export class Preparer {
  readonly #options: PreparerOptions;
  readonly #preparations: Preparations;
  readonly #turn = pLimit(MOST_FILES);

  constructor(options: PreparerOptions) {
    this.#options = options;
    this.#preparations = new Preparations(options.clock);
  }

  /**
   * Starts what there is to do for the torrents of a subject, or joins it. The bytes are charged to whoever asked first. Throws
   * RATE_LIMITED, CLOSED.
   */
  start(subject: Subject, layout: CanonicalLayout, caller: Caller): Preparation {
    return this.#preparations.start(subject.key, () =>
      subject.kind === 'file'
        ? this.#fileWork(subject, layout)
        : this.#repoWork(subject, layout, { client: caller.client }),
    );
  }

  /** Waits for the end of a preparation, `milliseconds` at most. Rejects with `signal.reason`. */
  wait(preparation: Preparation, milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.#preparations.wait(preparation, milliseconds, signal);
  }

  close(): Promise<void> {
    return this.#preparations.close();
  }

  #fileWork({ grant, key }: Extract<Subject, { kind: 'file' }>, { pieceLength }: CanonicalLayout): Work {
    const { files, held } = this.#options;
    return {
      bytesDone: () => files.heldBytes(grant),
      run: (signal) =>
        this.#logged(key, async () => {
          await this.#turn(() => files.fetch(grant, signal));
          await held.ensure(contentOf(grant), pieceLength, signal);
        }),
    };
  }

  #repoWork({ grant, tree, key }: Extract<Subject, { kind: 'repo' }>, layout: CanonicalLayout, caller: Caller): Work {
    const { repos, files, held } = this.#options;
    const running = new Set<() => number>();
    let done = 0;
    const prepareFile = async (path: string, signal: AbortSignal): Promise<void> => {
      signal.throwIfAborted();
      const file = await repos.entry(caller, grant.repo, grant.commit, path, signal);
      const bytes = (): number => files.heldBytes(file);
      running.add(bytes);
      try {
        await this.#turn(() => files.fetch(file, signal));
        await held.ensure(contentOf(file), layout.pieceLength, signal);
        done += file.entry.size;
      } finally {
        running.delete(bytes);
      }
    };
    return {
      bytesDone: () => [...running].reduce((sum, bytes) => sum + bytes(), done),
      run: (signal) =>
        this.#logged(key, async () => {
          const failed = new AbortController();
          const either = AbortSignal.any([signal, failed.signal]);
          const turn = pLimit(MOST_FILES_OF_A_REPO);
          const work = tree.entries.map(({ path }) => turn(() => prepareFile(path, either)));
          // The first failure ends the rest; what has come by then is kept, so that the next try goes on from there.
          await Promise.all(work).catch((error: unknown) => {
            failed.abort(error);
            throw error;
          });
        }),
    };
  }

  async #logged(key: string, work: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#options;
    const startedAt = clock.now();
    try {
      await work();
      logger.info({ torrent: key, seconds: (clock.now() - startedAt) / 1000 }, 'torrent: ready');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ torrent: key, error: reason }, 'torrent: not made');
      throw error;
    }
  }
}
