import type { Clock } from '../contracts/clock.ts';
import type { Part } from '../contracts/part.ts';

/** Flush and journal at least this often while bytes come: what a kill can lose. */
const COMMIT_BYTES = 64 * 1024 * 1024;
const COMMIT_MS = 1000;

/** Decides when what has landed in a part is flushed and recorded. One commit at a time. */
export class Committer {
  readonly #part: Part;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #committedAt: number;
  #running: Promise<void> | undefined;

  constructor(part: Part, clock: Clock, onFailure: (error: unknown) => void) {
    this.#part = part;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#committedAt = clock.now();
  }

  /** Resolves when no commit is under way. */
  get settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Commits if enough has landed, or if it has lain unrecorded for long enough. */
  poke(): void {
    const { uncommitted } = this.#part;
    const late = this.#clock.now() - this.#committedAt >= COMMIT_MS;
    if (uncommitted >= COMMIT_BYTES || (uncommitted > 0 && late)) void this.commit();
  }

  /** Commits now; what fails is told to the owner, not to the caller. */
  commit(): Promise<void> {
    this.#running ??= this.#part.commit().then(
      () => this.#ended(),
      (error: unknown) => {
        this.#ended();
        this.#onFailure(error);
      },
    );
    return this.#running;
  }

  #ended(): void {
    this.#running = undefined;
    this.#committedAt = this.#clock.now();
  }
}
