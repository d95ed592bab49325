import type { Commit, Entry, RepoRef, Revision, Tree } from './domain.ts';

/** Who asks. */
export interface Caller {
  /** The bearer token that came with the request, if any. */
  readonly token?: string | undefined;
  /** Address of the client (after trusted proxies), for budgets. */
  readonly client: string;
}

/** The right of one caller to read one repo at one commit. */
export interface RepoGrant {
  /** Canonical. */
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** `public` answers may be shared by intermediaries; `restricted` ones must not. */
  readonly access: 'public' | 'restricted';
  /** Until when this grant may be reused without asking again, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The Hub could not be asked: this is what it said last. */
  readonly stale: boolean;
}

/** The right of one caller to read one entry. */
export interface Grant extends RepoGrant {
  /** `gitOid` of an LFS file may be unknown ('') until `proof` has run. */
  readonly entry: Entry;
  /** A fresh signed URL that came with the look-up. Secret, memory only. */
  readonly location?: string | undefined;
  /** The caller's token, for the source that fills a restricted file. */
  readonly token?: string | undefined;
  /** The caller's address, so that new upstream bytes are charged to whoever asked for them. */
  readonly client: string;
  /**
   * The entry as tied to its git object by the Hub's listing (memoised; starts on the first call). Throws INTEGRITY when the listing
   * contradicts what `/resolve` said. A blob is promoted only after it.
   */
  proof(): Promise<Entry>;
  /**
   * Resolves once the Hub has served a byte of this entry's content for this repo to a caller of this access class; at once when that
   * has happened before. To be awaited before a held blob is opened, or a running fill joined, with this grant: the pointer of an LFS
   * file may name bytes that its repo does not have. Throws HUB_REFUSED, INTEGRITY, OFFLINE, RATE_LIMITED, UPSTREAM_*.
   */
  verifyServable(signal?: AbortSignal): Promise<void>;
  /** To be called when bytes of this entry have come from the Hub with this grant: `verifyServable` is free from then on. */
  noteServed(): void;
}

/** The only place that turns (caller, repo, revision, path) into a commit, an entry and a grant. */
export interface Repos {
  revision(caller: Caller, repo: RepoRef, revision: Revision, signal?: AbortSignal): Promise<RepoGrant>;
  entry(caller: Caller, repo: RepoRef, revision: Revision, path: string, signal?: AbortSignal): Promise<Grant>;
  tree(
    caller: Caller,
    repo: RepoRef,
    revision: Revision,
    signal?: AbortSignal,
  ): Promise<RepoGrant & { readonly tree: Tree }>;
  /**
   * What the Hub last said about the licences of a repo: lower-case, each once, sorted; undefined when it was never asked.
   * Costs no request. It checks no right: to be called right after `entry` or `revision` has granted something of the
   * repo, with the name that the grant has.
   */
  licenses(repo: RepoRef): readonly string[] | undefined;
}
