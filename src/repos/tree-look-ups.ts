import { SingleFlight } from '../base/single-flight.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Commit, RepoRef, Tree } from '../contracts/domain.ts';
import type { HubCall, HubClient } from '../contracts/hub.ts';
import type { Logger } from '../contracts/logger.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { type AccessClass, ANONYMOUS } from './access-class.ts';
import { ExpiringMap } from './expiring-map.ts';
import { lookUpKey } from './look-up-key.ts';

export interface TreeLookUpOptions {
  readonly hub: HubClient;
  readonly refs: RefStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

// A client that asks for so many files one by one wants most of the repo; a listing costs one question per 1,000 files.
const SINGLE_LOOK_UPS = 16;
const COUNTED_COMMITS = 2000;
const LISTING_RETRY = 600_000;

/** Listings of commits: from the catalogue, or from the Hub, once. */
export class TreeLookUps {
  readonly #options: TreeLookUpOptions;
  readonly #flights = new SingleFlight<Tree>();
  readonly #lookUps: ExpiringMap<number>;

  constructor(options: TreeLookUpOptions) {
    this.#options = options;
    this.#lookUps = new ExpiringMap({ clock: options.clock, capacity: COUNTED_COMMITS });
  }

  /** `repo` is canonical. Throws HUB_REFUSED, INTEGRITY, RATE_LIMITED, TOO_LARGE, UPSTREAM_*. */
  async find(repo: RepoRef, commit: Commit, who: AccessClass, call: HubCall): Promise<Tree> {
    const { hub, refs } = this.#options;
    const stored = refs.tree(repo, commit);
    if (stored) return stored;
    return this.#flights.run(lookUpKey(repo, commit, who), async () => {
      const tree = await hub.tree(repo, commit, call);
      refs.putTree(tree);
      return tree;
    });
  }

  /**
   * A single file of a public commit was asked for upstream. After a few of these the listing is fetched beside them:
   * it answers all later questions about the commit, made-up paths included.
   */
  noteLookUp(repo: RepoRef, commit: Commit): void {
    const key = lookUpKey(repo, commit);
    const count = (this.#lookUps.get(key) ?? 0) + 1;
    this.#lookUps.set(key, count, LISTING_RETRY);
    if (count !== SINGLE_LOOK_UPS) return;
    this.find(repo, commit, ANONYMOUS, { priority: 'known' }).catch((error: unknown) => {
      this.#options.logger.debug({ repo: repoName(repo), commit, error }, 'listing not fetched');
    });
  }
}
