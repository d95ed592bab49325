import { SingleFlight } from '../base/single-flight.ts';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import type { HubClient, RepoInfo } from '../contracts/hub.ts';
import type { Logger } from '../contracts/logger.ts';
import { isSwarmError, type SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { Priority } from './budgets.ts';
import type { Knowledge } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';
import { isDenial } from './refusals.ts';
import type { RememberedRefusals } from './remembered-refusals.ts';

/** Who may read a repo, as the Hub has just said. */
export interface RepoAccess {
  /** Canonical, as far as an anonymous caller may know it. */
  readonly repo: RepoRef;
  readonly access: 'public' | 'restricted';
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The Hub's words, when it shows nothing of the repo to anonymous callers. */
  readonly refusal?: SwarmError | undefined;
}

export interface RepoAccessOptions {
  readonly hub: HubClient;
  readonly knowledge: Knowledge;
  readonly refusals: RememberedRefusals;
  readonly logger: Logger;
}

/**
 * Decides whether a repo is public. Only one thing makes it so: an anonymous `repoInfo` that says neither private, nor
 * gated, nor disabled. That a single file opens proves nothing (the README of a gated repo does).
 */
export class RepoAccessCheck {
  readonly #options: RepoAccessOptions;
  readonly #flights = new SingleFlight<RepoAccess>();

  constructor(options: RepoAccessOptions) {
    this.#options = options;
  }

  /** Asks the Hub, always by the name that the caller used. Throws RATE_LIMITED, UPSTREAM_*. */
  ask(asked: RepoRef, priority: Priority): Promise<RepoAccess> {
    return this.#flights.run(lookUpKey(asked), async () => {
      try {
        return this.learn(asked, await this.#options.hub.repoInfo(asked, undefined, { priority }));
      } catch (error) {
        return this.learnDenial(asked, error);
      }
    });
  }

  /** Takes in an anonymous answer to a question about `revision` (undefined: the default branch). */
  learn(asked: RepoRef, info: RepoInfo, revision?: Revision): RepoAccess {
    const { knowledge, logger } = this.#options;
    const access = info.private || info.gated || info.disabled ? 'restricted' : 'public';
    const before = knowledge.repo(asked);
    if (before !== undefined && before.access !== access)
      logger.warn({ repo: repoName(asked), before: before.access, now: access }, 'repo access changed');
    // Anybody may open a pull request with another card: it does not change what is known of the repo.
    const isOwnWord = revision === undefined || revision === 'main';
    const expiresAt = knowledge.rememberRepo(asked, info.repo, access, isOwnWord ? info.licenses : undefined);
    if (!isOwnWord) knowledge.completeLicenses(info.repo, info.licenses);
    return { repo: info.repo, access, expiresAt };
  }

  /**
   * Takes in the Hub's refusal to show the repo to an anonymous caller. Throws the error when it is another one. A repo
   * that was never seen leaves no record: made-up names must not grow the catalogue.
   */
  learnDenial(asked: RepoRef, error: unknown): RepoAccess {
    const { knowledge, refusals, logger } = this.#options;
    if (!isSwarmError(error, 'HUB_REFUSED') || error.hub === undefined || !isDenial(error.hub)) throw error;
    refusals.remember(error, asked, '');
    const known = knowledge.repo(asked);
    if (known?.access === 'public')
      logger.warn({ repo: repoName(asked), status: error.hub.status }, 'repo is not public any more');
    const repo = known?.repo ?? asked;
    const expiresAt = knowledge.isKnownRepo(asked) ? knowledge.rememberRepo(asked, repo, 'restricted', undefined) : 0;
    return { repo, access: 'restricted', expiresAt, refusal: error };
  }
}
