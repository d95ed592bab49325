import type { Clock } from '../contracts/clock.ts';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import { isSwarmError, type SwarmError } from '../errors.ts';
import { ExpiringMap } from './expiring-map.ts';
import { lookUpKey } from './look-up-key.ts';
import { scopeOf } from './refusals.ts';

// Long enough to answer a retrying client, short enough that a repo which has just been opened is there at the next try.
const REFUSAL_LIFE = 30_000;

// A refusal holds a short error: a few hundred bytes each.
const REMEMBERED_REFUSALS = 20_000;

/**
 * What the Hub refused to anonymous callers lately, so that a flood of the same question costs one. Refusals to a token
 * are not remembered at all: whoever has just been let in gets in at the next try, and nothing can leak between tokens.
 */
export class RememberedRefusals {
  readonly #refusals: ExpiringMap<SwarmError>;

  constructor(clock: Clock) {
    this.#refusals = new ExpiringMap({ clock, capacity: REMEMBERED_REFUSALS });
  }

  /** The refusal that still covers this question, if any. Without a path: that of the repo or the revision. */
  find(asked: RepoRef, revision: Revision, path?: string): SwarmError | undefined {
    return (
      this.#refusals.get(lookUpKey(asked)) ??
      this.#refusals.get(lookUpKey(asked, revision)) ??
      (path === undefined ? undefined : this.#refusals.get(lookUpKey(asked, revision, path)))
    );
  }

  /** Remembers a refusal for everything that it speaks about. Other errors (outages, 429) are not answers. */
  remember(error: unknown, asked: RepoRef, revision: Revision, path?: string): void {
    if (!isSwarmError(error, 'HUB_REFUSED') || error.hub === undefined) return;
    const scope = scopeOf(error.hub);
    if (scope === 'repo') this.#refusals.set(lookUpKey(asked), error, REFUSAL_LIFE);
    else if (scope === 'revision') this.#refusals.set(lookUpKey(asked, revision), error, REFUSAL_LIFE);
    else if (path !== undefined) this.#refusals.set(lookUpKey(asked, revision, path), error, REFUSAL_LIFE);
  }
}
