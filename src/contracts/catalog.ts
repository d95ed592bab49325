import type { Counters } from './counters.ts';
import type { Blob, Commit, ContentId, Entry, RepoRef, Revision, Tree } from './domain.ts';
import type { PieceHashStore } from './piece-hashes.ts';
import type { SeededTorrents } from './seeded-torrents.ts';

/** Where a revision pointed when the Hub was last asked. */
export interface StoredRef {
  readonly commit: Commit;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
}

/** What an anonymous caller may see of a repo, and under which licences it is, as the Hub last said. */
export interface StoredRepo {
  /** `public`: listed, not private, not gated, not disabled. `restricted`: everything else that exists or may exist. */
  readonly access: 'public' | 'restricted';
  readonly checkedAt: number;
  /** As the Hub last named them; undefined when it was never asked. */
  readonly licenses: readonly string[] | undefined;
}

/** Refs, trees and entries: the node's memory of what the Hub said. Reads are synchronous and cheap. */
export interface RefStore {
  repo(repo: RepoRef): StoredRepo | undefined;
  putRepo(repo: RepoRef, value: StoredRepo): void;
  /** The canonical name of a renamed, legacy or differently cased repo; undefined when none is known. */
  canonical(repo: RepoRef): RepoRef | undefined;
  putCanonical(alias: RepoRef, canonical: RepoRef): void;
  ref(repo: RepoRef, revision: Revision): StoredRef | undefined;
  putRef(repo: RepoRef, revision: Revision, value: StoredRef): void;
  /** The whole tree, if it was stored. */
  tree(repo: RepoRef, commit: Commit): Tree | undefined;
  putTree(tree: Tree): void;
  /** One entry, from the stored tree or from a single look-up. */
  entry(repo: RepoRef, commit: Commit, path: string): Entry | undefined;
  putEntry(repo: RepoRef, commit: Commit, entry: Entry): void;
  /** Has the Hub served bytes of this LFS object for this repo to an anonymous caller? (A pointer alone proves nothing.) */
  servable(repo: RepoRef, sha256: string): boolean;
  putServable(repo: RepoRef, sha256: string): void;
}

/** A cached JSON document of the Hub's API. */
export interface StoredDocument {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly storedAt: number;
}

/** API answers by key, bounded in bytes, least recently stored out first. */
export interface DocumentStore {
  document(key: string): StoredDocument | undefined;
  putDocument(key: string, value: StoredDocument): void;
}

/** One row of the blob index. */
export interface StoredBlob extends Blob {
  readonly directory: string;
  /** Milliseconds since the epoch; batched, so it may lag by seconds. */
  readonly usedAt: number;
  readonly pinned: boolean;
  /** When its bytes were last proved against its name. */
  readonly verifiedAt: number;
}

/** Which blobs are held, where, and which content ids they answer to. */
export interface BlobIndex {
  blob(sha256: string): StoredBlob | undefined;
  findContent(id: ContentId): StoredBlob | undefined;
  putBlob(blob: StoredBlob, ids: readonly ContentId[]): void;
  linkContent(sha256: string, id: ContentId): void;
  touchBlob(sha256: string, usedAt: number): void;
  markVerified(sha256: string, verifiedAt: number): void;
  removeBlob(sha256: string): void;
  /** Least recently used first, pinned ones left out. */
  leastRecentlyUsed(limit: number): StoredBlob[];
  /** Longest unverified first. */
  longestUnverified(limit: number): StoredBlob[];
  /** In the order of their SHA-256, from the one after `sha256` on ('' for the first): for walks over all of them. */
  blobsAfter(sha256: string, limit: number): StoredBlob[];
  totals(): { readonly blobs: number; readonly bytes: number };
}

export interface Catalog extends RefStore, DocumentStore, BlobIndex {
  /** What was served of each repo. */
  readonly counters: Counters;
  /** What torrents need to know of blobs. Put before the blob is, removed with it. */
  readonly hashes: PieceHashStore;
  /** Torrents that peers may ask for. */
  readonly torrents: SeededTorrents;
  close(): void;
}
