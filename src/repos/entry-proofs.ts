import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Commit, Entry, RepoRef } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { AccessClass } from './access-class.ts';
import type { FoundFile } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';
import { notHeldOffline } from './refusals.ts';

export interface EntryProofOptions {
  readonly hub: HubClient;
  readonly refs: RefStore;
  readonly clock: Clock;
  /** The Hub may not be asked. */
  readonly offline: boolean;
}

/** Paths of one commit that one access class asks about together. */
interface Batch {
  readonly paths: Set<string>;
  readonly listed: Promise<ReadonlyMap<string, Entry>>;
}

// Fills of a snapshot start within a few milliseconds of each other; the Hub takes 2,000 paths in one question.
const COLLECT_MILLISECONDS = 4;
const MAX_PATHS = 2000;

/** Ties what `/resolve` said of a file to the git object that the repo's listing names. */
export class EntryProofs {
  readonly #options: EntryProofOptions;
  readonly #batches = new Map<string, Batch>();

  constructor(options: EntryProofOptions) {
    this.#options = options;
  }

  /**
   * The entry as the listing has it, which is stored. `token`: for restricted repos.
   * Throws INTEGRITY when the listing contradicts `found`, HUB_REFUSED, OFFLINE, RATE_LIMITED, UPSTREAM_*.
   */
  async prove(found: FoundFile, who: AccessClass, token: string | undefined): Promise<Entry> {
    const { refs, offline } = this.#options;
    const { repo, commit, entry } = found;
    const stored = refs.entry(repo, commit, entry.path);
    if (stored) return agreed(found, stored);
    if (offline) throw notHeldOffline(repo, commit, entry.path);
    const isListed = refs.tree(repo, commit) !== undefined;
    const listed = isListed ? undefined : await this.#ask(repo, commit, entry.path, who, token);
    const proven = agreed(found, listed);
    refs.putEntry(repo, commit, proven);
    return proven;
  }

  async #ask(
    repo: RepoRef,
    commit: Commit,
    path: string,
    who: AccessClass,
    token: string | undefined,
  ): Promise<Entry | undefined> {
    const key = lookUpKey(repo, commit, who);
    let batch = this.#batches.get(key);
    if (batch === undefined || batch.paths.size >= MAX_PATHS) {
      const paths = new Set<string>();
      batch = { paths, listed: this.#send(key, repo, commit, paths, token) };
      this.#batches.set(key, batch);
    }
    batch.paths.add(path);
    return (await batch.listed).get(path);
  }

  async #send(
    key: string,
    repo: RepoRef,
    commit: Commit,
    paths: ReadonlySet<string>,
    token: string | undefined,
  ): Promise<ReadonlyMap<string, Entry>> {
    const { hub, clock } = this.#options;
    await clock.sleep(COLLECT_MILLISECONDS);
    if (this.#batches.get(key)?.paths === paths) this.#batches.delete(key);
    const entries = await hub.pathsInfo(repo, commit, [...paths], { token, priority: 'known' });
    return new Map(entries.map((entry) => [entry.path, entry]));
  }
}

function agreed(found: FoundFile, listed: Entry | undefined): Entry {
  const { repo, commit, entry } = found;
  const isSame =
    listed !== undefined &&
    listed.size === entry.size &&
    listed.sha256 === entry.sha256 &&
    (entry.gitOid === '' || listed.gitOid === entry.gitOid);
  if (isSame) return listed;
  const message =
    `${repoName(repo)}@${commit}/${entry.path}: the Hub's listing says ${describe(listed)}, its /resolve says ${describe(entry)}. ` +
    'The file is not stored.';
  throw new SwarmError('INTEGRITY', message);
}

function describe(entry: Entry | undefined): string {
  if (entry === undefined) return 'that there is no such file';
  const hash = entry.sha256 === undefined ? `git oid ${entry.gitOid}` : `sha256 ${entry.sha256}`;
  return `${entry.size} bytes with ${hash}`;
}
