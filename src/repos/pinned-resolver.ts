import { isSha1 } from '../base/hex.ts';
import type { Commit, Entry, RepoRef, Revision } from '../contracts/domain.ts';
import type { HubCall, HubClient, ResolvedFile } from '../contracts/hub.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { FoundFile, Knowledge } from './knowledge.ts';

/** Asks the Hub about paths, and pins the answers to the commit that everybody sees while a branch's last answer is fresh. */
export class PinnedResolver {
  readonly #hub: HubClient;
  readonly #knowledge: Knowledge;

  constructor(options: { readonly hub: HubClient; readonly knowledge: Knowledge }) {
    this.#hub = options.hub;
    this.#knowledge = options.knowledge;
  }

  /**
   * `target`: the name to ask by. Throws HUB_REFUSED (its `commit` is the pinned one), RATE_LIMITED, UPSTREAM_*.
   */
  async resolve(target: RepoRef, revision: Revision, path: string, call: HubCall): Promise<FoundFile> {
    const known = this.#knowledge.commit(target, revision);
    const at = known?.isFresh ? known.commit : revision;
    try {
      const found = await this.#ask(target, at, path, call);
      const commit = this.#knowledge.pin(found.repo, revision, found.commit);
      return commit === found.commit ? found : await this.#ask(found.repo, commit, path, call);
    } catch (error) {
      const commit = isSwarmError(error, 'HUB_REFUSED') ? error.hub?.commit : undefined;
      if (commit === undefined || !isSha1(commit)) throw error;
      assertCommit(target, at, commit);
      const pinned = this.#knowledge.pin(target, revision, commit);
      if (pinned === commit) throw error;
      return this.#ask(target, pinned, path, call);
    }
  }

  async #ask(repo: RepoRef, revision: Revision, path: string, call: HubCall): Promise<FoundFile> {
    const resolved = await this.#hub.resolveFile(repo, revision, path, call);
    assertCommit(repo, revision, resolved.commit);
    const { location } = resolved;
    return { repo: resolved.repo, commit: resolved.commit, entry: entryOf(resolved, path), location, isResolved: true };
  }
}

function entryOf({ size, gitOid = '', sha256, xetHash }: ResolvedFile, path: string): Entry {
  return {
    path,
    size,
    gitOid,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(xetHash === undefined ? {} : { xetHash }),
  };
}

/** Throws UPSTREAM_INVALID when a question about a full commit id was answered for another commit. */
export function assertCommit(repo: RepoRef, revision: Revision, answered: Commit): void {
  if (!isSha1(revision) || answered === revision) return;
  const message = `${repoName(repo)}: the Hub answered a question about commit ${revision} for commit ${answered}.`;
  throw new SwarmError('UPSTREAM_INVALID', message);
}
