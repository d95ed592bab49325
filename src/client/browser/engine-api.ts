import type { SessionDescription } from '../../contracts/signalled-transport.ts';
import type { FileStatus, TorrentStatus } from '../../swarm/torrent-status.ts';

/** How the engine of a page works. Plain data: it goes to a worker. */
export interface EngineSettings {
  /** Tabs with the same scope share one engine and its storage. */
  readonly scope: string;
  readonly storage: 'opfs' | 'memory';
  /** Bytes per second. */
  readonly maxUpRate: number | undefined;
  readonly maxDownRate: number | undefined;
  readonly connections: number;
}

export interface AddRequest {
  /** Magnet link, torrent file, its URL, info-hash, `[datasets/|spaces/]org/name[@revision][/file]`. */
  readonly input: string | Uint8Array;
  /** A modelswarm server, for repos. */
  readonly server: string | undefined;
  /** Without it no tracker is asked and no peer learns of us. */
  readonly peers: boolean;
  /** Trackers besides those of the torrent. */
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly onlyPeers: boolean;
  readonly sequential: boolean;
  /** Paths that are wanted; undefined: all, unless the torrent says otherwise. */
  readonly wanted: readonly string[] | undefined;
  /** What is removed from storage together; the repo, where there is one. */
  readonly group: string | undefined;
}

/** A torrent as a tab knows it. */
export interface TorrentInfo {
  /** Names it in calls: its v1 info-hash, else the v2 one, in hex. */
  readonly key: string;
  readonly name: string;
  readonly infoHash: string | undefined;
  readonly infoHashV2: string | undefined;
  /** Empty until the metadata is known. */
  readonly files: readonly FileInfo[];
  readonly pieceLength: number;
  readonly pieceCount: number;
}

export interface FileInfo {
  readonly index: number;
  readonly path: string;
  readonly size: number;
}

/** A torrent at a moment. */
export interface BrowserTorrentStatus extends TorrentStatus {
  readonly key: string;
  /** Where its bytes are; `memory`: they are gone when the page is. */
  readonly storage: 'opfs' | 'memory' | undefined;
  /** What the user should know: there is no room to keep it ... */
  readonly warning: string | undefined;
}

/** What is kept for later visits. */
export interface StoredGroup {
  /** The repo, or an info-hash. */
  readonly group: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

/** What the engine does for a tab. */
export interface EngineApi {
  add(request: AddRequest): Promise<TorrentInfo>;
  /** Resolves when its metadata is known and its files can be read. */
  ready(key: string): Promise<TorrentInfo>;
  done(key: string): Promise<void>;
  start(args: { readonly key: string; readonly recheck: boolean }): void;
  stop(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  select(args: { readonly key: string; readonly wanted: readonly string[] }): Promise<void>;
  files(key: string): readonly FileStatus[];
  /** Pieces as they stand: 0 missing, 1 was there, 2 from a peer, 3 from a web seed. */
  pieces(key: string): Uint8Array;
  /** Opens bytes `[start, end)` of a file to be pulled in order. */
  open(args: { readonly key: string; readonly file: number; readonly start: number; readonly end: number }): number;
  /** The next bytes; undefined: there are no more. */
  pull(stream: number): Promise<Uint8Array | undefined>;
  leave(stream: number): void;
  /** Where a complete file is in the origin's private file system; undefined while it is not. */
  place(args: { readonly key: string; readonly file: number }): readonly string[] | undefined;
  status(args: null): readonly BrowserTorrentStatus[];
  limit(rates: { readonly down: number | undefined; readonly up: number | undefined }): void;
  stored(args: null): Promise<readonly StoredGroup[]>;
  forget(group: string): Promise<void>;
}

/** What the tab in which the engine runs does for it: connections of WebRTC are made in windows only. */
export interface WindowApi {
  offer(id: number): Promise<SessionDescription>;
  answer(args: { readonly id: number; readonly offer: SessionDescription }): Promise<SessionDescription>;
  accept(args: { readonly id: number; readonly answer: SessionDescription }): Promise<void>;
  end(id: number): void;
  /** This tab's engine works for all tabs from now on. */
  leads(args: null): void;
}

/** What that tab tells the engine. */
export interface ChannelApi {
  /** The channel of a connection, or the port by which it is relayed; it may not be open yet. */
  channel(args: { readonly id: number; readonly channel: RTCDataChannel | MessagePort }): void;
  ended(args: { readonly id: number; readonly reason: string }): void;
}

/** What a worker does for its own tab: all of `EngineApi` once it leads. */
export interface WorkerApi extends EngineApi, ChannelApi {
  /** Resolves at once: it leads when no other tab does. `tab` is a name of its own. */
  boot(args: { readonly tab: string; readonly settings: EngineSettings }): void;
  /** Ends the engine, if this worker has it; what is verified is written down. */
  shutDown(args: null): Promise<void>;
}
