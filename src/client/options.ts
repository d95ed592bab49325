import type { Clock } from '../contracts/clock.ts';
import type { ProxyOptions } from '../hub/dispatcher.ts';
import type { Encryption } from '../swarm/peer-intake.ts';

/** How a client behaves. Everything has a default. */
export interface ClientOptions {
  /** TCP port for peers; 0: any that is free. `false`: nobody is let in. Default 0. */
  readonly port?: number | false;
  /** Address to listen on. Default: all. */
  readonly host?: string;
  /** MSE/PE: `allowed` (plain first), `preferred`, `required`, `off`. Default `allowed`. */
  readonly encryption?: Encryption;
  /** Look for peers in the DHT. Default true; a port (else that of TCP) or a list of nodes (`host:port`) may be given. */
  readonly dht?: boolean | { readonly port?: number; readonly bootstrap?: readonly string[] };
  /** Look for peers on the local network (BEP 14). Default true. */
  readonly lsd?: boolean;
  /** Ask the router to pass our port on (NAT-PMP, UPnP). Default false. */
  readonly mapPort?: boolean;
  /** Ask trackers. Default true. */
  readonly trackers?: boolean;
  /**
   * Makes a connection of WebRTC, from any library that is shaped like the browsers' (`() => new RTCPeerConnection()` of node-datachannel/polyfill): then
   * browsers are met by trackers over WebSocket. Left out: they are not.
   */
  readonly createPeerConnection?: () => RTCPeerConnection;
  /** Folder for what is known of torrents between runs. Without it files on the disk are hashed when a torrent is added. */
  readonly stateDir?: string;
  /** Bytes per second, of all torrents together. Default: no limit. */
  readonly maxDownRate?: number | undefined;
  readonly maxUpRate?: number | undefined;
  /** Connections to peers: of all torrents together (default 200), and of each (default 60). */
  readonly connections?: number;
  readonly connectionsPerTorrent?: number;
  /** Where repos are asked for. Default: https://huggingface.co, without a token. */
  readonly hub?: {
    readonly endpoint?: string;
    /** The caller's own; goes to the Hub's host only. */
    readonly token?: string | undefined;
    readonly proxy?: ProxyOptions | undefined;
  };
  /** Threads that hash. Default: as many as there are cores, at most 8. */
  readonly hashThreads?: number;
  /** Time; for tests. */
  readonly clock?: Clock;
  /** 0..1; for tests. */
  readonly random?: () => number;
  /** For trackers over HTTP, and URLs of torrents. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** How one torrent is dealt with. */
export interface AddOptions {
  /** Folder for its files: a torrent of many files gets a folder of its name in it. Default: the working directory. */
  readonly to?: string;
  /** The torrent's files lie in `to` itself, without a folder of its name between. */
  readonly flat?: boolean;
  /** Which files are wanted, and how soon: 0 not, 1 normal, up to 255 the soonest. Default: all alike. */
  readonly priority?: (path: string) => number;
  /** Pieces in their order, instead of the rarest first. */
  readonly sequential?: boolean;
  /** Everything is there already and was verified: nothing is checked, nothing is written. */
  readonly isComplete?: boolean;
  /** BEP 16: for the first seed of something, which shows its pieces one by one, so that few are sent twice. */
  readonly superSeed?: boolean;
  /** Nothing is fetched or written: what is there is seeded. */
  readonly readOnly?: boolean;
  /** Only peers: no web seed. */
  readonly onlyPeers?: boolean;
  /** More trackers, `host:port` of peers, URLs of web seeds than the torrent has. */
  readonly trackers?: readonly string[];
  readonly peers?: readonly string[];
  readonly webSeeds?: readonly string[];
  /** A modelswarm server, which may have the torrent of a repo. Default: the Hub's endpoint, if that is not huggingface.co. */
  readonly server?: string;
  /** Bytes per second. */
  readonly maxDownRate?: number;
  readonly maxUpRate?: number;
  /** Ends the look-up of the torrent. */
  readonly signal?: AbortSignal;
}

/** How a repo is downloaded: into a folder (`to`), or into the cache of huggingface_hub (`cache`). */
export type DownloadOptions = Pick<
  AddOptions,
  'trackers' | 'peers' | 'webSeeds' | 'onlyPeers' | 'server' | 'maxDownRate' | 'maxUpRate' | 'signal'
> & {
  /** Names, folders, or patterns like `*.safetensors`. Default: all files. */
  readonly files?: readonly string[];
} & ({ readonly to: string; readonly cache?: undefined } | { readonly to?: undefined; readonly cache: string });
