/** How the client of a page behaves. Everything has a default. */
export interface BrowserClientOptions {
  /** A modelswarm server, which has the torrents of repos; its tracker is used, too. */
  readonly server?: string;
  /** Exchange bytes with other browsers. False: no tracker is asked, and nobody learns of this page's address but web seeds. Default true. */
  readonly peers?: boolean;
  /** More trackers, `wss://...`. */
  readonly trackers?: readonly string[];
  /** STUN and TURN servers (docs/browsers.md). Default: none, which is enough on one network. */
  readonly iceServers?: readonly RTCIceServer[];
  /** Makes connections of WebRTC. Default: `new RTCPeerConnection({ iceServers })`. */
  readonly createPeerConnection?: () => RTCPeerConnection;
  /** `opfs`: kept for later visits, as far as there is room (the default); `memory`: gone with the page. */
  readonly storage?: 'opfs' | 'memory';
  /** Tabs of one origin with the same scope share one client and what it keeps. Default: `default`. */
  readonly scope?: string;
  /** Bytes per second. */
  readonly maxUpRate?: number;
  readonly maxDownRate?: number;
  /** Connections to peers, of all torrents together. Default 60. */
  readonly connections?: number;
  /** Makes the worker, where it cannot be loaded from beside this module. */
  readonly createWorker?: () => Worker;
}

/** How a page deals with one torrent. */
export interface BrowserAddOptions {
  readonly trackers?: readonly string[];
  readonly webSeeds?: readonly string[];
  /** Only peers: no web seed. */
  readonly onlyPeers?: boolean;
  /** Pieces in their order, instead of the rarest first. */
  readonly sequential?: boolean;
  /** Paths of the files that are wanted; what is read comes all the same. Default: all. */
  readonly files?: readonly string[];
  /** What is kept, and removed when room is needed, together with others of the same name. Default: the repo, or the torrent. */
  readonly group?: string;
  readonly signal?: AbortSignal;
}
