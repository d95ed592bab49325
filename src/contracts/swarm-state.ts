/** What an announce says of a peer: it has everything; it wants some; it wants no more, though it has not everything (BEP 21). */
export type PeerRole = 'seed' | 'leecher' | 'partialSeed';

/** Peers of one swarm. */
export interface SwarmCounts {
  /** Who has everything. */
  readonly seeders: number;
  /** Everybody else, partial seeds among them. */
  readonly leechers: number;
  readonly partialSeeds: number;
  /** How many said that they have got everything, since the swarm is known. */
  readonly completed: number;
}

/** A peer that others dial. The arrays are read during the call only: they may be used again. */
export interface NativePeer {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** IPv4 and port (6 bytes), or IPv6 and port (18 bytes), as in compact lists. Peers are told apart by it. */
  readonly address: Uint8Array;
  readonly role: PeerRole;
  /** It has just got everything. */
  readonly hasCompleted: boolean;
}

/** A peer that is reached through its connection to us (a browser). */
export interface ConnectedPeer extends Omit<NativePeer, 'address'> {
  /** A number of the caller's, above 0. Peers are told apart by their id; each belongs to one connection. */
  readonly connection: number;
}

/** Peers that were chosen for somebody, in compact form; room for as many as may be asked for. */
export interface Selection {
  readonly v4: Uint8Array;
  readonly v6: Uint8Array;
  /** Ids of these, 20 bytes each; left out when nobody needs them. */
  readonly ids4?: Uint8Array;
  readonly ids6?: Uint8Array;
  /** How many there are of each. */
  count4: number;
  count6: number;
}

/**
 * Who is in which swarm. All of it may be lost at any time: clients announce again. Synchronous, since an announce is to cost a microsecond; a
 * state that several processes share has a copy in each, and tells the others.
 */
export interface SwarmState {
  /** A peer is here, for as long as the state keeps peers (`ttl`). False: there is no room for another one. */
  announce(peer: NativePeer): boolean;
  has(infoHash: Uint8Array, address: Uint8Array): boolean;
  /** It has left. */
  leave(infoHash: Uint8Array, address: Uint8Array): void;
  /**
   * Chooses up to `wanted` peers that the one at `address` could dial: seeds get no seeds. Those that were chosen longest ago come first. Fills `into`.
   */
  select(infoHash: Uint8Array, address: Uint8Array, role: PeerRole, wanted: number, into: Selection): void;

  /** As `announce`. False also when the id belongs to another connection. */
  join(peer: ConnectedPeer): boolean;
  /** The peer of a connection has left. */
  part(infoHash: Uint8Array, peerId: Uint8Array, connection: number): void;
  /** The connection of a peer; 0: it is not here. */
  connectionOf(infoHash: Uint8Array, peerId: Uint8Array): number;
  /** Chooses up to `wanted` connections of others than `peerId`, as `select`; appends them to `into`. */
  selectConnections(infoHash: Uint8Array, peerId: Uint8Array, role: PeerRole, wanted: number, into: number[]): void;

  /** Undefined: nobody is in it. */
  counts(infoHash: Uint8Array): SwarmCounts | undefined;
  /**
   * Of a torrent that has two hashes (a hybrid), and so two swarms: each peer once, also where it is in both. Swarms that are too large to be compared are added up.
   */
  countsTogether(infoHash: Uint8Array, infoHashV2: Uint8Array): SwarmCounts | undefined;
  /** Forgets those who have not announced for `ttl`. To be called from time to time when nobody else comes. */
  expire(): void;
  readonly size: { readonly swarms: number; readonly peers: number };
  /** All swarms, for operators; the array is used again. */
  infoHashes(): Iterable<Uint8Array>;
}
