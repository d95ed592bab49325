/** The words of the system (ARCHITECTURE.md, glossary). Types only. */

/** Also the first path segment of the Hub's API: `/api/models/...`. */
export type RepoType = 'models' | 'datasets' | 'spaces';

/** A repo as the Hub names it: `{type: 'models', id: 'org/name'}`, or a legacy id of one segment (`gpt2`). */
export interface RepoRef {
  readonly type: RepoType;
  readonly id: string;
}

/** A commit id: 40 lower-case hex digits. Never moves. */
export type Commit = string;

/** Branch, tag, PR ref, short or full commit id. Moves, unless it is a full commit id. */
export type Revision = string;

/** One file of a repo at a commit. */
export interface Entry {
  /** Root-relative, `/`-separated, exactly as the Hub spells it. */
  readonly path: string;
  /** Bytes of the real content (not of an LFS pointer). */
  readonly size: number;
  /** Git object id, 40 hex: of the bytes for a plain file, of the pointer text for an LFS file. */
  readonly gitOid: string;
  /** LFS only: SHA-256 of the content, 64 hex. */
  readonly sha256?: string;
  /** Xet only: the merkle hash of the content, 64 hex. */
  readonly xetHash?: string;
}

/** A directory of a repo at a commit. */
export interface TreeDirectory {
  readonly path: string;
  readonly gitOid: string;
}

/** Everything a repo holds at a commit. Immutable. */
export interface Tree {
  readonly repo: RepoRef;
  readonly commit: Commit;
  readonly entries: readonly Entry[];
  readonly directories: readonly TreeDirectory[];
}

/**
 * What a fill must prove. LFS files are named by their SHA-256; plain files by (repo, git oid), because SHA-1 alone
 * must not join the files of two repos before their SHA-256 is known.
 */
export type ContentId =
  | { readonly kind: 'lfs'; readonly sha256: string; readonly size: number }
  | { readonly kind: 'plain'; readonly repo: RepoRef; readonly gitOid: string; readonly size: number };

/** Verified bytes. */
export interface Blob {
  /** 64 hex. */
  readonly sha256: string;
  readonly size: number;
  /** Git oid of the bytes themselves (`sha1("blob " + size + "\0" + bytes)`), 40 hex; '' when nothing has asked for it. */
  readonly gitOid: string;
}
