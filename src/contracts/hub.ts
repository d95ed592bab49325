import type { Commit, Entry, RepoRef, Revision, Tree } from './domain.ts';
import type { RangeSource } from './range-source.ts';

/** How a call to the Hub is made. */
export interface HubCall {
  /** The caller's own token. Goes to the Hub's host only. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `known`: for a repo that is already in the catalogue; a part of the quota is kept for these. Default `unknown`. */
  readonly priority?: 'known' | 'unknown' | undefined;
}

/** What `HEAD /resolve/` says about one file. */
export interface ResolvedFile {
  /** Canonical, when the Hub redirected a renamed repo; else as asked. */
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly path: string;
  readonly size: number;
  /** `gitOid` is known for plain files only; `sha256` for LFS files only. */
  readonly gitOid?: string;
  readonly sha256?: string;
  readonly xetHash?: string;
  /** LFS: the signed URL that the Hub redirected to. Secret, short-lived: memory only. */
  readonly location?: string;
}

/** What `/api/{type}/{id}` says, as far as rules depend on it. */
export interface RepoInfo {
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly private: boolean;
  readonly gated: boolean;
  readonly disabled: boolean;
  /** As its card and its tags name them: lower-case, each once, sorted; empty when they name none. */
  readonly licenses: readonly string[];
}

/** A raw answer of the Hub's API, for routes that the mirror passes through. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Must be read to the end or cancelled. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/** Our client of the Hub. Every method throws SwarmError: HUB_REFUSED, RATE_LIMITED, UPSTREAM_*. */
export interface HubClient {
  /** `https://huggingface.co` or what was configured, without a trailing slash. */
  readonly endpoint: string;
  resolveFile(repo: RepoRef, revision: Revision, path: string, call?: HubCall): Promise<ResolvedFile>;
  repoInfo(repo: RepoRef, revision: Revision | undefined, call?: HubCall): Promise<RepoInfo>;
  /** All pages; each LFS entry's pointer is checked against its git oid (INTEGRITY). */
  tree(repo: RepoRef, commit: Commit, call?: HubCall): Promise<Tree>;
  /** Entries of some paths (at most 2,000); unknown paths are left out. Pointers are checked as in `tree`. */
  pathsInfo(repo: RepoRef, commit: Commit, paths: readonly string[], call?: HubCall): Promise<Entry[]>;
  /** The bytes of a file at a commit. `location` is a fresh signed URL to start with. */
  source(
    file: { readonly repo: RepoRef; readonly commit: Commit; readonly path: string; readonly size: number },
    call?: { readonly token?: string | undefined; readonly location?: string | undefined },
  ): RangeSource;
  /**
   * Any other GET, HEAD or POST below the endpoint, redirects followed on the Hub's own host. `path` starts with `/` and is
   * sent as it is. Answers of 4xx come back as answers; outages, quota and 5xx are thrown.
   */
  request(
    path: string,
    init: { readonly method: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array },
    call?: HubCall,
  ): Promise<HubAnswer>;
  close(): Promise<void>;
}
