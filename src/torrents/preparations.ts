import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import { isSwarmError, SwarmError } from '../errors.ts';

/** A failure is told for this long before the next request may try again. */
const SHORTEST_FAILURE_MS = 2000;
const LONGEST_FAILURE_MS = 60_000;
/** About 300 bytes each, and a repo's list of files. More are refused. */
const MOST = 1000;

/** Something on its way to being a torrent. */
export interface Preparation {
  /** Why it came to nothing. */
  readonly failure: SwarmError | undefined;
  /** Bytes of it that are here. */
  bytesDone(): number;
  /** Resolves when it is over, one way or the other. */
  readonly over: Promise<void>;
}

interface Entry extends Preparation {
  failure: SwarmError | undefined;
  /** Milliseconds since the epoch: a failed one may be started again from then on. */
  retryAt: number;
}

export interface Work {
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly bytesDone: () => number;
}

/** What is being fetched and hashed so that there can be a torrent of it: once however many ask, and failures are remembered for a while. */
export class Preparations {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The running (or lately failed) preparation of `key`, or a new one. Throws RATE_LIMITED when too many are running, CLOSED after
   * `close`.
   */
  start(key: string, work: () => Work): Preparation {
    const known = this.#entries.get(key);
    if (known && (!known.failure || this.#clock.now() < known.retryAt)) return known;
    this.#stop.signal.throwIfAborted();
    if (!known && this.#entries.size >= MOST) this.#dropFailed();
    if (!known && this.#entries.size >= MOST) {
      throw new SwarmError('RATE_LIMITED', `${MOST} torrents are being prepared already. Try again soon.`, {
        retryAfterSeconds: 10,
      });
    }
    const { run, bytesDone } = work();
    const entry: Entry = { failure: undefined, retryAt: 0, bytesDone, over: Promise.resolve() };
    const over = run(this.#stop.signal).then(
      () => void this.#entries.delete(key),
      (error: unknown) => this.#fail(entry, error),
    );
    this.#entries.set(key, Object.assign(entry, { over }));
    return entry;
  }

  /** Waits for the end of a preparation, `milliseconds` at most. */
  async wait({ over }: Preparation, milliseconds: number, signal: AbortSignal): Promise<void> {
    const leave = new AbortController();
    const pause = this.#clock.sleep(milliseconds, AbortSignal.any([signal, leave.signal]));
    pause.catch(() => {});
    try {
      await Promise.race([leaveOnAbort(over, signal), pause]);
    } finally {
      leave.abort();
    }
  }

  /** Ends what is running. */
  async close(): Promise<void> {
    this.#stop.abort(new SwarmError('CLOSED', 'The server is stopping'));
    await Promise.all([...this.#entries.values()].map(({ over }) => over));
  }

  #fail(entry: Entry, error: unknown): void {
    entry.failure = isSwarmError(error)
      ? error
      : new SwarmError('INTERNAL', 'The torrent could not be made; the log says why', { cause: error });
    const pause = (entry.failure.retryAfterSeconds ?? 0) * 1000;
    entry.retryAt = this.#clock.now() + Math.min(LONGEST_FAILURE_MS, Math.max(SHORTEST_FAILURE_MS, pause));
  }

  #dropFailed(): void {
    for (const [key, { failure }] of this.#entries) if (failure) this.#entries.delete(key);
  }
}
