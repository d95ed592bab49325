import { SingleFlight } from '../base/single-flight.ts';
import type { RepoRef, Revision } from '../contracts/domain.ts';
import { isSwarmError, type SwarmError } from '../errors.ts';
import { ANONYMOUS } from './access-class.ts';
import type { Budgets, LookUpKind, Priority } from './budgets.ts';
import type { FoundFile, Knowledge } from './knowledge.ts';
import { isSameRepo, lookUpKey } from './look-up-key.ts';
import { type Outcome, outcomeOf, succeeded } from './outcome.ts';
import type { PinnedResolver } from './pinned-resolver.ts';
import { isDenial, isOutage } from './refusals.ts';
import type { RememberedRefusals } from './remembered-refusals.ts';
import type { RepoAccess, RepoAccessCheck } from './repo-access.ts';
import type { TreeLookUps } from './tree-look-ups.ts';
import type { Verdicts } from './verdicts.ts';

/** What the Hub lets an anonymous caller have: a file, or a refusal. */
export type EntryFinding = {
  /** Of the repo, not of the file: in a `restricted` repo a file may be open to everybody, and a refusal ends nothing. */
  readonly access: 'public' | 'restricted';
  /** The Hub could not say whether the repo is still public. */
  readonly isStale: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
} & (
  | { readonly file: FoundFile; readonly refusal?: undefined }
  | { readonly file?: undefined; readonly refusal: SwarmError }
);

export interface EntryLookUpOptions {
  readonly knowledge: Knowledge;
  readonly refusals: RememberedRefusals;
  readonly verdicts: Verdicts;
  readonly access: RepoAccessCheck;
  readonly resolver: PinnedResolver;
  readonly trees: TreeLookUps;
  readonly budgets: Budgets;
}

/** Asks the Hub about single files without a token, for all callers together. */
export class EntryLookUps {
  readonly #options: EntryLookUpOptions;
  readonly #flights = new SingleFlight<EntryFinding>();

  constructor(options: EntryLookUpOptions) {
    this.#options = options;
  }

  /** One round trip: who may read the repo and what the path is are asked side by side. Throws RATE_LIMITED, UPSTREAM_*. */
  find(asked: RepoRef, revision: Revision, path: string, client: string): Promise<EntryFinding> {
    return this.#flights.run(lookUpKey(asked, revision, path), async () => {
      const remembered = this.#remembered(asked, revision, path);
      if (remembered) return remembered;
      const kind = this.#kind(asked, revision, path);
      const lookUp = (priority: Priority) => this.#ask(asked, revision, path, priority);
      const isRefused = (finding: EntryFinding) => finding.refusal !== undefined;
      const finding = await this.#options.budgets.run(kind, client, lookUp, isRefused);
      const commit = finding.file?.commit ?? finding.refusal?.hub?.commit;
      if (kind !== 'refresh' && finding.access === 'public' && commit !== undefined) {
        const { knowledge, trees } = this.#options;
        trees.noteLookUp(finding.file?.repo ?? knowledge.repo(asked)?.repo ?? asked, commit);
      }
      return finding;
    });
  }

  #kind(asked: RepoRef, revision: Revision, path: string): LookUpKind {
    const { knowledge } = this.#options;
    if (!knowledge.isKnownRepo(asked)) return 'new-repo';
    return knowledge.publicFile(asked, revision, path) === undefined ? 'new-path' : 'refresh';
  }

  #remembered(asked: RepoRef, revision: Revision, path: string): EntryFinding | undefined {
    const { knowledge, refusals, verdicts } = this.#options;
    const known = knowledge.repo(asked);
    if (known?.isFresh && known.access === 'restricted') {
      const at = knowledge.commit(known.repo, revision);
      const verdict = at?.isFresh ? verdicts.find(ANONYMOUS, known.repo, at.commit, path) : undefined;
      if (verdict?.file)
        return { access: 'restricted', isStale: false, expiresAt: verdict.expiresAt, file: verdict.file };
    }
    const refusal = refusals.find(asked, revision, path);
    if (refusal?.hub === undefined) return undefined;
    const access = isDenial(refusal.hub) ? 'restricted' : (known?.access ?? 'public');
    return { access, isStale: false, expiresAt: 0, refusal };
  }

  async #ask(asked: RepoRef, revision: Revision, path: string, priority: Priority): Promise<EntryFinding> {
    const { knowledge, access, resolver } = this.#options;
    const known = knowledge.repo(asked);
    const target = known?.isFresh ? known.repo : asked;
    const held = knowledge.publicFile(asked, revision, path);
    const heldFile = held?.isCommitFresh ? held.file : undefined;
    let [who, what]: [Outcome<RepoAccess>, Outcome<FoundFile>] = await Promise.all([
      known?.isFresh ? succeeded(known) : outcomeOf(access.ask(asked, priority)),
      heldFile ? succeeded(heldFile) : outcomeOf(resolver.resolve(target, revision, path, { priority })),
    ]);
    if (known?.isFresh && known.access === 'public' && isDeniedOutcome(what)) {
      // Its record is up to ten minutes old: ask whether the repo has just been closed.
      who = await outcomeOf(access.ask(asked, priority));
    }
    if (heldFile && who.ok && !isStillTrue(heldFile, who.value)) {
      what = await outcomeOf(resolver.resolve(who.value.repo, revision, path, { priority }));
    }
    return who.ok
      ? this.#judge(who.value, asked, revision, path, what)
      : this.#judgeBlind(who.error, asked, revision, path, what);
  }

  #judge(who: RepoAccess, asked: RepoRef, revision: Revision, path: string, what: Outcome<FoundFile>): EntryFinding {
    const { knowledge, refusals } = this.#options;
    const { access, repo, expiresAt } = who;
    if (what.ok) {
      // The Hub may answer for an old name without saying the new one; the listing of the repo goes by the new one.
      const file = { ...what.value, repo };
      knowledge.pin(repo, revision, file.commit);
      if (access === 'restricted') return this.#openFile(file);
      if (file.isResolved) knowledge.rememberFile(file);
      return { access, isStale: false, expiresAt, file };
    }
    if (!isSwarmError(what.error, 'HUB_REFUSED')) throw what.error;
    const { commit, errorCode } = what.error.hub ?? {};
    if (access === 'public' && commit !== undefined && errorCode === 'EntryNotFound') {
      knowledge.rememberMissing(repo, knowledge.pin(repo, revision, commit), path);
    } else refusals.remember(what.error, asked, revision, path);
    return { access, isStale: false, expiresAt, refusal: what.error };
  }

  /** The Hub answered for the file but could not say who may read the repo (its API has a quota of its own). */
  #judgeBlind(
    outage: unknown,
    asked: RepoRef,
    revision: Revision,
    path: string,
    what: Outcome<FoundFile>,
  ): EntryFinding {
    if (!isOutage(outage)) throw outage;
    if (what.ok) {
      const { knowledge } = this.#options;
      const known = knowledge.repo(asked);
      if (known?.access !== 'public') return this.#openFile(what.value);
      if (what.value.isResolved) knowledge.rememberFile(what.value);
      return { access: 'public', isStale: true, expiresAt: 0, file: what.value };
    }
    if (!isSwarmError(what.error, 'HUB_REFUSED')) throw outage;
    this.#options.refusals.remember(what.error, asked, revision, path);
    const access = isDeniedOutcome(what) ? 'restricted' : 'public';
    return { access, isStale: false, expiresAt: 0, refusal: what.error };
  }

  /** A file of a restricted repo that the Hub shows to everybody: granted for this path, for minutes. */
  #openFile(file: FoundFile): EntryFinding {
    const { expiresAt } = this.#options.verdicts.grantFile(ANONYMOUS, file);
    return { access: 'restricted', isStale: false, expiresAt, file };
  }
}

/** What is known of a public repo says nothing once the repo is not public any more, or has another name. */
function isStillTrue(file: FoundFile, who: RepoAccess): boolean {
  return who.access === 'public' && isSameRepo(who.repo, file.repo);
}

function isDeniedOutcome(outcome: Outcome<unknown>): boolean {
  if (outcome.ok) return false;
  const { error } = outcome;
  return isSwarmError(error, 'HUB_REFUSED') && error.hub !== undefined && isDenial(error.hub);
}
