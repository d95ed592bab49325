import type { Clock } from '../contracts/clock.ts';
import type { Commit, RepoRef } from '../contracts/domain.ts';
import { type AccessClass, ANONYMOUS } from './access-class.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { FoundFile } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';

/** The Hub let a caller of one access class have something of a restricted repo. */
export interface Verdict {
  /** Canonical. */
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** What `/resolve` said to this class; undefined when the verdict is about the metadata of the repo. */
  readonly file?: FoundFile | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

// About 700 bytes each. What falls out is asked again.
const REMEMBERED_VERDICTS = 20_000;
const REMEMBERED_TOKENS = 20_000;

// A token stays "seen lately" for this long: it decides about budgets and priority, never about access.
const SEEN_TOKEN_LIFE = 3_600_000;

/**
 * What the Hub granted of restricted repos: per access class, repo, commit and path, because a gated repo may show its
 * README to everybody. In memory, for minutes, and only what was granted.
 */
export class Verdicts {
  readonly #clock: Clock;
  readonly #life: number;
  readonly #verdicts: ExpiringMap<Verdict>;
  readonly #seenTokens: ExpiringMap<true>;

  /** `life`: milliseconds that a verdict may be used. */
  constructor(options: { readonly clock: Clock; readonly life: number }) {
    this.#clock = options.clock;
    this.#life = options.life;
    this.#verdicts = new ExpiringMap({ clock: options.clock, capacity: REMEMBERED_VERDICTS });
    this.#seenTokens = new ExpiringMap({ clock: options.clock, capacity: REMEMBERED_TOKENS });
  }

  /** Without a path: about the metadata. */
  find(who: AccessClass, repo: RepoRef, commit: Commit, path = ''): Verdict | undefined {
    return this.#verdicts.get(lookUpKey(repo, who, commit, path));
  }

  grantFile(who: AccessClass, file: FoundFile): Verdict & { readonly file: FoundFile } {
    const verdict = { repo: file.repo, commit: file.commit, file, expiresAt: this.#clock.now() + this.#life };
    this.#remember(who, file.entry.path, verdict);
    return verdict;
  }

  grantMetadata(who: AccessClass, repo: RepoRef, commit: Commit): Verdict {
    const verdict = { repo, commit, expiresAt: this.#clock.now() + this.#life };
    this.#remember(who, '', verdict);
    return verdict;
  }

  #remember(who: AccessClass, path: string, verdict: Verdict): void {
    this.#verdicts.set(lookUpKey(verdict.repo, who, verdict.commit, path), verdict, this.#life);
    if (who !== ANONYMOUS) this.#seenTokens.set(who, true, SEEN_TOKEN_LIFE);
  }

  /** The Hub denied something to a token: all that it was granted of the repo before ends now. */
  deny(who: AccessClass, repo: RepoRef): void {
    // Tokens that were never accepted have nothing to lose, so a flood of them costs no walk through the table.
    if (!this.isSeenToken(who)) return;
    this.#verdicts.deletePrefix(lookUpKey(repo, who, ''));
  }

  /** Has the Hub accepted this token lately? */
  isSeenToken(who: AccessClass): boolean {
    return this.#seenTokens.get(who) === true;
  }
}
