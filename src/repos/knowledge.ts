import { isSha1 } from '../base/hex.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Commit, Entry, RepoRef, Revision } from '../contracts/domain.ts';
import { ExpiringMap } from './expiring-map.ts';
import { isSameRepo, lookUpKey } from './look-up-key.ts';

/** What the Hub last said about who may read a repo. */
export interface KnownRepo {
  /** Canonical. */
  readonly repo: RepoRef;
  readonly access: 'public' | 'restricted';
  /** Undefined: the Hub was never asked. */
  readonly licenses: readonly string[] | undefined;
  /** Milliseconds since the epoch: from then on the Hub has to be asked again. */
  readonly expiresAt: number;
  readonly isFresh: boolean;
}

/** Where a revision pointed when the Hub was last asked. */
export interface KnownCommit {
  readonly commit: Commit;
  readonly isFresh: boolean;
}

/** A file of a repo at a commit. */
export interface FoundFile {
  /** Canonical. */
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly entry: Entry;
  /** A signed URL that is still good. Secret, memory only. */
  readonly location?: string | undefined;
  /** The Hub answered `/resolve` for this very path, as opposed to a listing. */
  readonly isResolved: boolean;
}

/** A revision of a public repo as far as it is known without asking. */
export interface KnownRevision {
  /** Canonical. */
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** Both the repo's access and the commit are: nothing needs to be asked. */
  readonly isFresh: boolean;
  /** Of the access. Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The same for a file. */
export interface KnownFile extends KnownRevision {
  /** Undefined: the commit does not have it. */
  readonly file: FoundFile | undefined;
  readonly isCommitFresh: boolean;
}

/** Times in milliseconds. */
export interface Freshness {
  /** How long a branch is not asked for again. */
  readonly ref: number;
  /** How long a repo counts as public (or restricted) without asking again. */
  readonly access: number;
  /** How long public knowledge outlives both while the Hub is down; Infinity when it is never asked (`offline`). */
  readonly stale: number;
}

// Signed URLs live for about an hour; a look-up is followed by its download within seconds.
const LOCATION_LIFE = 60_000;

// About 500 bytes each.
const REMEMBERED_FILES = 20_000;

/** What is known without asking: the catalogue, and in memory what `/resolve` said lately about public files. */
export class Knowledge {
  readonly #refs: RefStore;
  readonly #clock: Clock;
  readonly #freshness: Freshness;
  readonly #resolved: ExpiringMap<FoundFile>;
  readonly #locations: ExpiringMap<string>;
  readonly #missing: ExpiringMap<true>;

  constructor(options: { readonly refs: RefStore; readonly clock: Clock; readonly freshness: Freshness }) {
    this.#refs = options.refs;
    this.#clock = options.clock;
    this.#freshness = options.freshness;
    const memory = { clock: options.clock, capacity: REMEMBERED_FILES };
    this.#resolved = new ExpiringMap(memory);
    this.#locations = new ExpiringMap({ ...memory, capacity: 2000 });
    this.#missing = new ExpiringMap(memory);
  }

  /** Has the Hub ever shown this repo to anybody here? */
  isKnownRepo(asked: RepoRef): boolean {
    return this.#refs.repo(asked) !== undefined;
  }

  /** Freshness goes by the name asked for, so that an old name that went to somebody else is noticed when it expires. */
  repo(asked: RepoRef): KnownRepo | undefined {
    const stored = this.#refs.repo(asked);
    if (stored === undefined || this.#age(stored.checkedAt) > this.#freshness.stale) return undefined;
    const repo = this.#refs.canonical(asked) ?? asked;
    const own = isSameRepo(repo, asked) ? undefined : this.#refs.repo(repo);
    return {
      repo,
      // Under its own name the repo may have been closed since.
      access: own !== undefined && own.checkedAt > stored.checkedAt ? own.access : stored.access,
      licenses: (own ?? stored).licenses,
      expiresAt: stored.checkedAt + this.#freshness.access,
      isFresh: this.#age(stored.checkedAt) <= this.#freshness.access,
    };
  }

  /**
   * `licenses`: undefined when this answer did not name them; what was known of them stays then.
   * Returns the time from which on the new record has to be asked for again.
   */
  rememberRepo(
    asked: RepoRef,
    canonical: RepoRef,
    access: 'public' | 'restricted',
    licenses: readonly string[] | undefined,
  ): number {
    const checkedAt = this.#clock.now();
    // Those of the canonical name: an old name may have been another repo's before.
    const record = { access, checkedAt, licenses: licenses ?? this.#refs.repo(canonical)?.licenses };
    this.#refs.putRepo(asked, record);
    if (!isSameRepo(asked, canonical)) this.#refs.putRepo(canonical, record);
    this.rememberName(asked, canonical);
    return checkedAt + this.#freshness.access;
  }

  /** Adds the licences to the record of a repo that lacks them. */
  completeLicenses(canonical: RepoRef, licenses: readonly string[]): void {
    const stored = this.#refs.repo(canonical);
    if (stored && stored.licenses === undefined) this.#refs.putRepo(canonical, { ...stored, licenses });
  }

  rememberName(asked: RepoRef, canonical: RepoRef): void {
    const known = this.#refs.canonical(asked) ?? asked;
    if (!isSameRepo(known, canonical)) this.#refs.putCanonical(asked, canonical);
  }

  /** A full commit id is its own answer (whether the repo has it is another question). */
  commit(repo: RepoRef, revision: Revision): KnownCommit | undefined {
    if (isSha1(revision)) return { commit: revision, isFresh: true };
    const stored = this.#refs.ref(repo, revision);
    if (stored === undefined || this.#age(stored.checkedAt) > this.#freshness.stale) return undefined;
    return { commit: stored.commit, isFresh: this.#age(stored.checkedAt) <= this.#freshness.ref };
  }

  /** Has the Hub confirmed that the repo has this revision? */
  isKnownRevision(repo: RepoRef, revision: Revision): boolean {
    return this.#refs.ref(repo, revision) !== undefined;
  }

  /**
   * Notes where a revision points, and returns the commit that counts: while the last answer is fresh, everybody sees
   * that one, also those whose question was on its way when the branch moved.
   */
  pin(repo: RepoRef, revision: Revision, commit: Commit): Commit {
    // Clients go on with the commit that a branch led to: it is confirmed with it.
    if (!this.isKnownRevision(repo, commit)) this.#putRef(repo, commit, commit);
    if (isSha1(revision)) return revision;
    const known = this.commit(repo, revision);
    if (known?.isFresh) return known.commit;
    this.#putRef(repo, revision, commit);
    return commit;
  }

  /** A revision of a repo that is public as far as is known; undefined when the Hub has to be asked. */
  publicRevision(asked: RepoRef, revision: Revision): KnownRevision | undefined {
    const known = this.repo(asked);
    if (known?.access !== 'public' || !this.isKnownRevision(known.repo, revision)) return undefined;
    const at = this.commit(known.repo, revision);
    if (at === undefined) return undefined;
    return { repo: known.repo, commit: at.commit, isFresh: known.isFresh && at.isFresh, expiresAt: known.expiresAt };
  }

  /** A file of a repo that is public as far as is known; undefined when the Hub has to be asked. */
  publicFile(asked: RepoRef, revision: Revision, path: string): KnownFile | undefined {
    const known = this.repo(asked);
    if (known?.access !== 'public') return undefined;
    const at = this.commit(known.repo, revision);
    if (at === undefined) return undefined;
    const file = this.fileAt(known.repo, at.commit, path);
    if (file === undefined && !this.#isMissing(known.repo, at.commit, path)) return undefined;
    const isFresh = known.isFresh && at.isFresh;
    return {
      repo: known.repo,
      commit: at.commit,
      file,
      isFresh,
      isCommitFresh: at.isFresh,
      expiresAt: known.expiresAt,
    };
  }

  /** The file from a stored listing, or else as `/resolve` last described it to an anonymous caller. */
  fileAt(repo: RepoRef, commit: Commit, path: string): FoundFile | undefined {
    const key = lookUpKey(repo, commit, path);
    const resolved = this.#resolved.get(key);
    const listed = this.#refs.entry(repo, commit, path);
    const entry = listed ?? resolved?.entry;
    if (entry === undefined) return undefined;
    const isResolved = resolved?.entry.sha256 === entry.sha256 && resolved?.entry.size === entry.size;
    return { repo, commit, entry, location: this.#locations.get(key), isResolved };
  }

  /** Remembers what `/resolve` said to an anonymous caller about a file of a public repo. */
  rememberFile({ repo, commit, entry, location }: FoundFile): void {
    const key = lookUpKey(repo, commit, entry.path);
    this.#resolved.set(key, { repo, commit, entry, isResolved: true }, Number.POSITIVE_INFINITY);
    if (location !== undefined) this.#locations.set(key, location, LOCATION_LIFE);
  }

  /** Drops what `/resolve` said, after a listing contradicted it. */
  forgetFile(repo: RepoRef, commit: Commit, path: string): void {
    this.#resolved.delete(lookUpKey(repo, commit, path));
  }

  /** The commit of this public repo does not have the path. Never changes. */
  rememberMissing(repo: RepoRef, commit: Commit, path: string): void {
    this.#missing.set(lookUpKey(repo, commit, path), true, Number.POSITIVE_INFINITY);
  }

  #isMissing(repo: RepoRef, commit: Commit, path: string): boolean {
    if (this.#missing.get(lookUpKey(repo, commit, path))) return true;
    // Called after `entry` found nothing: if the whole listing is here, that was the answer.
    if (this.#refs.tree(repo, commit) === undefined) return false;
    this.rememberMissing(repo, commit, path);
    return true;
  }

  #putRef(repo: RepoRef, revision: Revision, commit: Commit): void {
    this.#refs.putRef(repo, revision, { commit, checkedAt: this.#clock.now() });
  }

  // A record from the future (the clock was set back) is as doubtful as one from the past.
  #age(checkedAt: number): number {
    return Math.abs(this.#clock.now() - checkedAt);
  }
}
