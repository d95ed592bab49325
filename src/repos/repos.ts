import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Caller, Grant, RepoGrant, Repos } from '../contracts/access.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Commit, RepoRef, Revision, Tree } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { Logger } from '../contracts/logger.ts';
import { assertRepo } from '../hub-format/repo-id.ts';
import { assertPath, assertRevision } from '../hub-format/repo-path.ts';
import { type AccessClass, ANONYMOUS, createAccessClasses } from './access-class.ts';
import { type BudgetOptions, Budgets } from './budgets.ts';
import { type EntryFinding, EntryLookUps } from './entry-look-ups.ts';
import { EntryProofs } from './entry-proofs.ts';
import { createGrants } from './grants.ts';
import { Knowledge, type KnownFile } from './knowledge.ts';
import { Patience } from './patience.ts';
import { PinnedResolver } from './pinned-resolver.ts';
import { entryNotFound, notHeldOffline } from './refusals.ts';
import { RememberedRefusals } from './remembered-refusals.ts';
import { RepoAccessCheck } from './repo-access.ts';
import { createRuleCheck, type RepoRules } from './repo-rules.ts';
import { type RevisionFinding, RevisionLookUps } from './revision-look-ups.ts';
import { type GrantedFile, ServableProofs } from './servable-proofs.ts';
import { type TokenHolder, TokenLookUps } from './token-look-ups.ts';
import { TreeLookUps } from './tree-look-ups.ts';
import { type Verdict, Verdicts } from './verdicts.ts';

export interface ReposOptions {
  readonly hub: HubClient;
  readonly refs: RefStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Never asks the Hub: public content that is known is served however old, everything else is refused. Default false. */
  readonly offline?: boolean | undefined;
  /** How long a branch is not asked for again. Default 60. */
  readonly refTtlSeconds?: number | undefined;
  /** How long a token's permission for a path of a restricted repo holds. Default 300. */
  readonly grantTtlSeconds?: number | undefined;
  /** How long a repo counts as public without asking again. Default 600. */
  readonly publicTtlSeconds?: number | undefined;
  /** How long public content is served while the Hub is down. Default 86,400. */
  readonly staleSeconds?: number | undefined;
  readonly policy?: RepoRules | undefined;
  readonly budgets?: BudgetOptions | undefined;
  /** Keys the hashes by which tokens are told apart. Default: random. */
  readonly hmacKey?: Uint8Array | undefined;
}

/** Who may see a repo at a commit, and by whose question. */
interface SeenRepo {
  readonly grant: RepoGrant;
  readonly who: AccessClass;
  readonly token?: string | undefined;
}

/**
 * Turns (caller, repo, revision, path) into a commit, an entry and a grant. Public repos
 * are looked up anonymously, once for everybody; restricted ones with the caller's own token, for that caller alone.
 *
 * Its methods throw BAD_REQUEST, NOT_ALLOWED, HUB_REFUSED (the Hub's own words), RATE_LIMITED, OFFLINE and UPSTREAM_*;
 * `tree` also INTEGRITY and TOO_LARGE. On abort they reject with `signal.reason`; what others wait for goes on.
 */
export function createRepos(options: ReposOptions): Repos {
  const { hub, refs, clock, logger, offline = false } = options;
  const seconds = (given: number | undefined, otherwise: number) => (given ?? otherwise) * 1000;
  const freshness = {
    ref: seconds(options.refTtlSeconds, 60),
    access: seconds(options.publicTtlSeconds, 600),
    stale: offline ? Number.POSITIVE_INFINITY : seconds(options.staleSeconds, 86_400),
  };
  const knowledge = new Knowledge({ refs, clock, freshness });
  const verdicts = new Verdicts({ clock, life: seconds(options.grantTtlSeconds, 300) });
  const refusals = new RememberedRefusals(clock);
  const budgets = new Budgets({ ...options.budgets, clock });
  const resolver = new PinnedResolver({ hub, knowledge });
  const access = new RepoAccessCheck({ hub, knowledge, refusals, logger });
  const trees = new TreeLookUps({ hub, refs, clock, logger });
  const asking = { hub, knowledge, verdicts, refusals, budgets, resolver, access, trees };
  const entries = new EntryLookUps(asking);
  const revisions = new RevisionLookUps(asking);
  const tokens = new TokenLookUps(asking);
  const patience = new Patience({ clock, logger });
  const proofs = new EntryProofs({ hub, refs, clock, offline });
  const servable = new ServableProofs({ hub, refs, clock, offline });
  const grantOf = createGrants({ proofs, servable, knowledge });
  const classOf = createAccessClasses(options.hmacKey);
  const checkRules = createRuleCheck(options.policy ?? {});

  const holderOf = ({ token, client }: Caller): TokenHolder | undefined =>
    token === undefined ? undefined : { token, client, who: classOf(token) };

  const isRestricted = (asked: RepoRef): boolean => {
    const known = knowledge.repo(asked);
    return known?.isFresh === true && known.access === 'restricted';
  };

  function grantFile(file: GrantedFile, caller: Caller, terms: { expiresAt: number; isStale: boolean }): Grant {
    checkRules(file.repo);
    return grantOf(file, { caller, expiresAt: terms.expiresAt, stale: terms.isStale });
  }

  async function entry(
    caller: Caller,
    asked: RepoRef,
    revision: Revision,
    path: string,
    signal?: AbortSignal,
  ): Promise<Grant> {
    check(asked, revision, path);
    signal?.throwIfAborted();
    const known = knowledge.publicFile(asked, revision, path);
    const held = known && findingOf(known, path);
    if (held && (offline || !held.isStale)) return grantFinding(caller, held);
    if (offline) throw notHeldOffline(asked, revision, path);

    const holder = holderOf(caller);
    const withToken = async (own: TokenHolder): Promise<Grant> => {
      const verdict = await leaveOnAbort(tokens.file(own, asked, revision, path), signal);
      const file = { ...verdict.file, access: 'restricted', who: own.who, token: own.token } as const;
      return grantFile(file, caller, { expiresAt: verdict.expiresAt, isStale: false });
    };
    if (holder && isRestricted(asked)) return withToken(holder);
    const ask = () => entries.find(asked, revision, path, caller.client);
    const finding = await patience.askOr(asked, ask, held, signal);
    const needsToken = finding.file === undefined && finding.access === 'restricted';
    return holder && needsToken ? withToken(holder) : grantFinding(caller, finding);
  }

  function grantFinding(caller: Caller, finding: EntryFinding): Grant {
    if (finding.file === undefined) throw finding.refusal;
    return grantFile({ ...finding.file, access: finding.access, who: ANONYMOUS }, caller, finding);
  }

  async function see(caller: Caller, asked: RepoRef, revision: Revision, signal?: AbortSignal): Promise<SeenRepo> {
    check(asked, revision);
    signal?.throwIfAborted();
    const known = knowledge.publicRevision(asked, revision);
    const held: RevisionFinding | undefined = known && { ...known, access: 'public', isStale: !known.isFresh };
    if (held && (offline || !held.isStale)) return seen(held);
    if (offline) throw notHeldOffline(asked, revision);

    const holder = holderOf(caller);
    const remembered = holder && tokens.held(holder, asked, revision);
    if (holder && remembered) return seenBy(holder, remembered);
    const ask = () => revisions.find(asked, revision, caller.client);
    const finding = await patience.askOr(asked, ask, held, signal);
    const needsToken = finding.commit === undefined && finding.access === 'restricted';
    if (!holder || !needsToken) return seen(finding);
    return seenBy(holder, await leaveOnAbort(tokens.metadata(holder, asked, revision), signal));
  }

  function seenBy({ who, token }: TokenHolder, { repo, commit, expiresAt }: Verdict): SeenRepo {
    checkRules(repo);
    return { grant: { repo, commit, expiresAt, access: 'restricted', stale: false }, who, token };
  }

  function seen(finding: RevisionFinding): SeenRepo {
    if (finding.commit === undefined) throw finding.refusal;
    checkRules(finding.repo);
    const { repo, commit, access, expiresAt, isStale } = finding;
    return { grant: { repo, commit, access, expiresAt, stale: isStale }, who: ANONYMOUS };
  }

  async function tree(
    caller: Caller,
    asked: RepoRef,
    revision: Revision,
    signal?: AbortSignal,
  ): Promise<RepoGrant & { readonly tree: Tree }> {
    const { grant, who, token } = await see(caller, asked, revision, signal);
    const listed = await leaveOnAbort(listing(grant.repo, grant.commit, who, token), signal);
    return { ...grant, tree: listed };
  }

  async function listing(repo: RepoRef, commit: Commit, who: AccessClass, token: string | undefined): Promise<Tree> {
    if (!offline) return trees.find(repo, commit, who, { token, priority: 'known' });
    const stored = refs.tree(repo, commit);
    if (stored === undefined) throw notHeldOffline(repo, commit);
    return stored;
  }

  function check(asked: RepoRef, revision: Revision, path?: string): void {
    assertRepo(asked);
    assertRevision(revision);
    if (path !== undefined) assertPath(path);
    checkRules(asked);
  }

  const revision: Repos['revision'] = async (caller, asked, at, signal) => (await see(caller, asked, at, signal)).grant;
  return { revision, entry, tree, licenses: (repo) => knowledge.repo(repo)?.licenses };
}

function findingOf(known: KnownFile, path: string): EntryFinding {
  const { repo, commit, file, expiresAt } = known;
  const terms = { access: 'public', isStale: !known.isFresh, expiresAt } as const;
  return file ? { ...terms, file } : { ...terms, refusal: entryNotFound(repo, commit, path) };
}
