import { isSha1 } from '../base/hex.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Commit, RepoRef, Revision } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import { isSwarmError, type SwarmError } from '../errors.ts';
import { ANONYMOUS } from './access-class.ts';
import type { Budgets, LookUpKind, Priority } from './budgets.ts';
import type { Knowledge } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';
import { assertCommit, type PinnedResolver } from './pinned-resolver.ts';
import { isDenial } from './refusals.ts';
import type { RememberedRefusals } from './remembered-refusals.ts';
import type { RepoAccessCheck } from './repo-access.ts';
import type { Verdicts } from './verdicts.ts';

/** What the Hub shows an anonymous caller of a repo at a revision: its commit, or a refusal. */
export type RevisionFinding = {
  readonly access: 'public' | 'restricted';
  /** The Hub could not say whether this is still so. */
  readonly isStale: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
} & (
  | { readonly repo: RepoRef; readonly commit: Commit; readonly refusal?: undefined }
  | { readonly commit?: undefined; readonly refusal: SwarmError }
);

export interface RevisionLookUpOptions {
  readonly hub: HubClient;
  readonly knowledge: Knowledge;
  readonly refusals: RememberedRefusals;
  readonly verdicts: Verdicts;
  readonly access: RepoAccessCheck;
  readonly resolver: PinnedResolver;
  readonly budgets: Budgets;
}

// Nearly every repo has it, and the Hub names the commit also when it says that a file is not there.
const PROBE_PATH = '.gitattributes';

/** Asks the Hub without a token where revisions point, for all callers together. */
export class RevisionLookUps {
  readonly #options: RevisionLookUpOptions;
  readonly #flights = new SingleFlight<RevisionFinding>();

  constructor(options: RevisionLookUpOptions) {
    this.#options = options;
  }

  /** One round trip. Throws RATE_LIMITED, UPSTREAM_*. */
  find(asked: RepoRef, revision: Revision, client: string): Promise<RevisionFinding> {
    return this.#flights.run(lookUpKey(asked, revision), () => {
      const remembered = this.#remembered(asked, revision);
      if (remembered) return Promise.resolve(remembered);
      const lookUp = (priority: Priority) => this.#ask(asked, revision, priority);
      const isRefused = (finding: RevisionFinding) => finding.refusal !== undefined;
      return this.#options.budgets.run(this.#kind(asked, revision), client, lookUp, isRefused);
    });
  }

  #kind(asked: RepoRef, revision: Revision): LookUpKind {
    const { knowledge } = this.#options;
    if (!knowledge.isKnownRepo(asked)) return 'new-repo';
    return knowledge.isKnownRevision(knowledge.repo(asked)?.repo ?? asked, revision) ? 'refresh' : 'new-path';
  }

  #remembered(asked: RepoRef, revision: Revision): RevisionFinding | undefined {
    const { knowledge, refusals, verdicts } = this.#options;
    const known = knowledge.repo(asked);
    if (known?.isFresh && known.access === 'restricted') {
      const at = knowledge.commit(known.repo, revision);
      const verdict = at?.isFresh ? verdicts.find(ANONYMOUS, known.repo, at.commit) : undefined;
      if (verdict) return { ...verdict, access: 'restricted', isStale: false };
    }
    const refusal = refusals.find(asked, revision);
    if (refusal?.hub === undefined) return undefined;
    return {
      access: isDenial(refusal.hub) ? 'restricted' : (known?.access ?? 'public'),
      isStale: false,
      expiresAt: 0,
      refusal,
    };
  }

  async #ask(asked: RepoRef, revision: Revision, priority: Priority): Promise<RevisionFinding> {
    const { knowledge } = this.#options;
    const known = knowledge.repo(asked);
    if (known?.isFresh && known.access === 'public') {
      try {
        const commit = await this.#probe(known.repo, revision, priority);
        if (commit !== undefined)
          return { access: 'public', isStale: false, expiresAt: known.expiresAt, repo: known.repo, commit };
      } catch (error) {
        const refusal = isSwarmError(error, 'HUB_REFUSED') ? error : undefined;
        if (refusal?.hub === undefined) throw error;
        // A denial means that the repo has just been closed; `#askInfo` finds out.
        if (!isDenial(refusal.hub)) return this.#refused(asked, revision, 'public', refusal);
      }
    }
    return this.#askInfo(asked, revision, priority);
  }

  /** By the Hub's larger quota, that of `/resolve`. */
  async #probe(repo: RepoRef, revision: Revision, priority: Priority): Promise<Commit | undefined> {
    const { knowledge, resolver } = this.#options;
    try {
      const file = await resolver.resolve(repo, revision, PROBE_PATH, { priority });
      knowledge.rememberFile(file);
      return file.commit;
    } catch (error) {
      if (!isSwarmError(error, 'HUB_REFUSED') || error.hub?.errorCode !== 'EntryNotFound') throw error;
      const { commit } = error.hub;
      if (commit === undefined || !isSha1(commit)) return undefined;
      knowledge.rememberMissing(repo, commit, PROBE_PATH);
      return commit;
    }
  }

  async #askInfo(asked: RepoRef, revision: Revision, priority: Priority): Promise<RevisionFinding> {
    const { hub, knowledge, verdicts, access } = this.#options;
    try {
      const info = await hub.repoInfo(asked, revision, { priority });
      assertCommit(info.repo, revision, info.commit);
      const learned = access.learn(asked, info, revision);
      const commit = knowledge.pin(info.repo, revision, info.commit);
      if (learned.access === 'public')
        return { access: 'public', isStale: false, expiresAt: learned.expiresAt, repo: info.repo, commit };
      // The Hub shows the metadata of gated repos to everybody, and only their bytes to those whom it let in.
      return { ...verdicts.grantMetadata(ANONYMOUS, info.repo, commit), access: 'restricted', isStale: false };
    } catch (error) {
      const refusal = isSwarmError(error, 'HUB_REFUSED') ? error : undefined;
      if (refusal?.hub === undefined) throw error;
      if (isDenial(refusal.hub)) access.learnDenial(asked, refusal);
      return this.#refused(asked, revision, isDenial(refusal.hub) ? 'restricted' : 'public', refusal);
    }
  }

  #refused(asked: RepoRef, revision: Revision, access: 'public' | 'restricted', refusal: SwarmError): RevisionFinding {
    this.#options.refusals.remember(refusal, asked, revision);
    return { access, isStale: false, expiresAt: 0, refusal };
  }
}
