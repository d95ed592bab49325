import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { Logger } from '../contracts/logger.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { ExpiringMap } from './expiring-map.ts';
import { lookUpKey } from './look-up-key.ts';
import { isOutage } from './refusals.ts';

// Clients give up on metadata after 10 s, so what is known goes out well before; a Hub that answers at all does so in less.
const PATIENCE_MILLISECONDS = 2500;

// After an outage, what is known is served at once for so long before the Hub is tried again.
const PAUSE_MILLISECONDS = 5000;

const PAUSED_REPOS = 10_000;

/** Asks the Hub when that is possible in time, and falls back on what it said last when it is not. */
export class Patience {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #paused: ExpiringMap<true>;

  constructor(options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#paused = new ExpiringMap({ clock: options.clock, capacity: PAUSED_REPOS });
  }

  /**
   * The result of `ask`, or `known` when the Hub is down, out of quota, or slow. Without `known` it waits for `ask`.
   * Every other error of `ask` is thrown, and so is `signal.reason`.
   */
  async askOr<T>(repo: RepoRef, ask: () => Promise<T>, known: T | undefined, signal?: AbortSignal): Promise<T> {
    if (known === undefined) return leaveOnAbort(ask(), signal);
    const key = lookUpKey(repo);
    if (this.#paused.get(key)) return known;
    const fallBack = (reason: unknown) => {
      this.#logger.debug({ repo: repoName(repo), reason: String(reason) }, 'serving what the Hub said last');
      this.#paused.set(key, true, PAUSE_MILLISECONDS);
      return known;
    };
    const answer = ask().then(
      (value) => {
        this.#paused.delete(key);
        return value;
      },
      (error: unknown) => {
        if (isOutage(error)) return fallBack(error.code);
        throw error;
      },
    );
    const timeout = new AbortController();
    const tooSlow = this.#clock.sleep(PATIENCE_MILLISECONDS, timeout.signal).then(() => fallBack('slow'));
    // Whichever loses must not end as an unhandled rejection.
    tooSlow.catch(() => {});
    answer.catch(() => {});
    try {
      return await leaveOnAbort(Promise.race([answer, tooSlow]), signal);
    } finally {
      timeout.abort();
    }
  }
}
