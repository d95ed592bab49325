import type { Connection, PeerAddress } from './connection.ts';

/** How a transfer stands, as trackers are told. Bytes. */
export interface AnnounceStats {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
}

/** One swarm that somebody takes part in: what discovery needs to know of it, and whom it tells. */
export interface SwarmMember {
  /** 20 bytes: the v1 info-hash, or the beginning of the v2 one. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where we listen; 0 when we do not. */
  readonly port: number;
  /** BEP 27: trackers only. */
  readonly isPrivate: boolean;
  /** The same peers are looked for under another hash, too: the v2 hash of a hybrid torrent. */
  readonly isAlias?: boolean;
  stats(): AnnounceStats;
  /** Peers were found; may have us among them, and peers that are known. */
  found(peers: readonly PeerAddress[]): void;
  /** How many more connections there may be. */
  readonly room?: () => number;
  /** Somebody was introduced, and the connection is open: `start` is to be called at once. */
  introduced?(connection: Connection): void;
}

/** What a way of finding peers has to say, for status pages. */
export interface DiscoveryStatus {
  /** `dht`, `lsd`, or the tracker's URL without its query. */
  readonly name: string;
  readonly state: 'working' | 'waiting' | 'failed';
  /** In the last answer. */
  readonly peers: number;
  readonly seeds?: number | undefined;
  readonly leechers?: number | undefined;
  /** What went wrong last; gone after the next success. */
  readonly error?: string | undefined;
}

/** The search for peers of one swarm, until it is closed. */
export interface DiscoverySession {
  status(): readonly DiscoveryStatus[];
  /** The member has everything now: trackers are told. */
  completed(): void;
  /** May somebody be found within seconds? Left out: that is not known. */
  isHopeful?(): boolean;
  /** More peers are wanted soon, within what the other side allows. */
  wantMore(): void;
  /** Ends it. Resolves when trackers were told, or after a few seconds. */
  close(): Promise<void>;
}

/** A way of finding peers: trackers, the DHT, the local network. */
export interface Discovery {
  join(member: SwarmMember): DiscoverySession;
  close(): Promise<void>;
}
