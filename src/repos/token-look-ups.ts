import { SingleFlight } from '../base/single-flight.ts';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import type { HubCall, HubClient } from '../contracts/hub.ts';
import { isSwarmError } from '../errors.ts';
import type { AccessClass } from './access-class.ts';
import type { Budgets, LookUpKind } from './budgets.ts';
import type { FoundFile, Knowledge } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';
import { assertCommit, type PinnedResolver } from './pinned-resolver.ts';
import { isDenial } from './refusals.ts';
import type { Verdict, Verdicts } from './verdicts.ts';

/** A caller with a token who wants something of a restricted repo. */
export interface TokenHolder {
  readonly token: string;
  readonly who: AccessClass;
  /** Address, for budgets. */
  readonly client: string;
}

export interface TokenLookUpOptions {
  readonly hub: HubClient;
  readonly knowledge: Knowledge;
  readonly verdicts: Verdicts;
  readonly resolver: PinnedResolver;
  readonly budgets: Budgets;
}

/**
 * Asks the Hub about restricted repos with the caller's own token. What it grants is remembered for that token and that
 * path alone; when it cannot be asked, nothing is granted.
 */
export class TokenLookUps {
  readonly #options: TokenLookUpOptions;
  readonly #files = new SingleFlight<Verdict & { readonly file: FoundFile }>();
  readonly #metadata = new SingleFlight<Verdict>();

  constructor(options: TokenLookUpOptions) {
    this.#options = options;
  }

  /** What the Hub granted to the holder lately: of a path, or of the metadata. Costs nothing. */
  held({ who }: TokenHolder, asked: RepoRef, revision: Revision, path?: string): Verdict | undefined {
    const { knowledge, verdicts } = this.#options;
    const known = knowledge.repo(asked);
    const at = known?.isFresh ? knowledge.commit(known.repo, revision) : undefined;
    return known && at?.isFresh ? verdicts.find(who, known.repo, at.commit, path) : undefined;
  }

  /** May the holder read this path, and what is it? Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*. */
  async file(
    holder: TokenHolder,
    asked: RepoRef,
    revision: Revision,
    path: string,
  ): Promise<Verdict & { file: FoundFile }> {
    const held = this.held(holder, asked, revision, path);
    if (held?.file) return { ...held, file: held.file };
    return this.#files.run(lookUpKey(asked, holder.who, revision, path), async () => {
      const { resolver, verdicts } = this.#options;
      const file = await this.#ask(holder, asked, (target, call) => resolver.resolve(target, revision, path, call));
      this.#learn(asked, file.repo);
      return verdicts.grantFile(holder.who, file);
    });
  }

  /** May the holder see that the repo exists, and where does the revision point? Throws as `file`. */
  async metadata(holder: TokenHolder, asked: RepoRef, revision: Revision): Promise<Verdict> {
    return this.#metadata.run(lookUpKey(asked, holder.who, revision), async () => {
      const { hub, knowledge, verdicts } = this.#options;
      const info = await this.#ask(holder, asked, (target, call) => hub.repoInfo(target, revision, call));
      assertCommit(info.repo, revision, info.commit);
      this.#learn(asked, info.repo, info.licenses);
      return verdicts.grantMetadata(holder.who, info.repo, knowledge.pin(info.repo, revision, info.commit));
    });
  }

  async #ask<T>(
    { who, token, client }: TokenHolder,
    asked: RepoRef,
    question: (target: RepoRef, call: HubCall) => Promise<T>,
  ): Promise<T> {
    const { knowledge, verdicts, budgets } = this.#options;
    const known = knowledge.repo(asked);
    const target = known?.isFresh ? known.repo : asked;
    try {
      return await budgets.run(this.#kind(who, asked), client, (priority) => question(target, { token, priority }));
    } catch (error) {
      if (isSwarmError(error, 'HUB_REFUSED') && error.hub && isDenial(error.hub))
        verdicts.deny(who, known?.repo ?? asked);
      throw error;
    }
  }

  #kind(who: AccessClass, asked: RepoRef): LookUpKind {
    if (!this.#options.verdicts.isSeenToken(who)) return 'new-token';
    return this.#options.knowledge.isKnownRepo(asked) ? 'new-path' : 'new-repo';
  }

  /** Only a repo that the Hub has shown to somebody gets a record. */
  #learn(asked: RepoRef, canonical: RepoRef, licenses?: readonly string[]): void {
    const { knowledge } = this.#options;
    if (knowledge.isKnownRepo(asked)) {
      knowledge.rememberName(asked, canonical);
      if (licenses) knowledge.completeLicenses(canonical, licenses);
    } else knowledge.rememberRepo(asked, canonical, 'restricted', licenses);
  }
}
