import type { Commit, RepoRef } from './domain.ts';

/** A torrent that this node can make again, of what it holds: one row, whatever its size. */
export interface SeededTorrent {
  /** 20 bytes: of v1, or the beginning of v2's. */
  readonly infoHash: Uint8Array;
  readonly repo: RepoRef;
  readonly commit: Commit;
  /** '' for a whole repo. */
  readonly path: string;
  readonly variant: 'default' | 'v1' | 'v2';
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
}

/** The torrents that peers may ask for. Reads are synchronous and cheap. */
export interface SeededTorrents {
  find(infoHash: Uint8Array): SeededTorrent | undefined;
  /** By what an encrypted handshake names a torrent with (`encryptionLookupKey`). */
  findByLookupKey(key: string): SeededTorrent | undefined;
  put(torrent: SeededTorrent, lookupKey: string): void;
  remove(infoHash: Uint8Array): void;
  count(): number;
  /** The newest ones of whole repos, or of single files, newest first. */
  newest(kind: 'repo' | 'file', limit: number): SeededTorrent[];
  /** In the order of their hashes, from the one after `infoHash` on (no bytes for the first): for walks over all of them. */
  after(infoHash: Uint8Array, limit: number): SeededTorrent[];
}
