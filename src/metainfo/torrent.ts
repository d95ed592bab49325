/** One file of a torrent. */
export interface TorrentFile {
  /** `/`-joined below the torrent's name, read as UTF-8; of a torrent of a single file its name. */
  readonly path: string;
  /** The same as the bytes that the torrent has. */
  readonly rawPath: readonly Uint8Array[];
  readonly length: number;
  /** Where it begins in the run of bytes that the pieces are cut from: with pads, or (v2 only) at the next piece. */
  readonly offset: number;
  /** BEP 47: zeros that are there so that the next file begins with a piece. */
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  /** BEP 47: a link, and where it leads, `/`-joined. */
  readonly symlink?: string;
  /** BEP 52 `pieces root`, 32 bytes; not in v1, and an empty file has none. */
  readonly root?: Uint8Array;
}

/** Where a torrent comes from. Outside the info dictionary, so it changes nothing about the swarm, and proves nothing. */
export interface Provenance {
  /** `org/name`, `datasets/org/name`, `spaces/org/name`. */
  readonly repo: string;
  readonly commit: string;
  /** Of a single file. */
  readonly path?: string;
  /** Of a single file: hex. */
  readonly sha256?: string;
}

/** A torrent, read and checked. */
export interface Torrent {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: string;
  readonly rawName: Uint8Array;
  /** SHA-1 of the info dictionary, 20 bytes: not of a torrent that is v2 only. */
  readonly infoHash?: Uint8Array;
  /** SHA-256 of it, 32 bytes: not of a torrent that is v1 only. */
  readonly infoHashV2?: Uint8Array;
  /** The info dictionary as it was received. */
  readonly info: Uint8Array;
  readonly pieceLength: number;
  readonly isSingleFile: boolean;
  /** In the torrent's order, pads included. */
  readonly files: readonly TorrentFile[];
  /** Bytes without pads. */
  readonly length: number;
  /** v1: SHA-1 of each piece, 20 bytes each. */
  readonly pieces?: Uint8Array;
  /** v2: the piece layers by the root of their file (hex), 32 bytes per piece. Checked against the roots. */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>;
  /** Is there a layer for every file that has one? Without (a magnet link's metadata), they are to be asked of peers. */
  readonly hasAllLayers: boolean;
  readonly isPrivate: boolean;
  /** Tiers of tracker URLs (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19. */
  readonly webSeeds: readonly string[];
  /** BEP 17, which hardly anything serves any more. */
  readonly httpSeeds: readonly string[];
  /** DHT nodes (BEP 5). */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly comment?: string;
  readonly createdBy?: string;
  /** Seconds since the epoch. */
  readonly creationDate?: number;
  readonly provenance?: Provenance;
}
