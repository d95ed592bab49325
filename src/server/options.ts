import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ProxyOptions } from '../hub/dispatcher.ts';

/** What a mirror needs to know, wherever it is mounted. Everything is optional. */
export interface ModelswarmOptions {
  /** The Hub. Default `https://huggingface.co`. */
  readonly upstream?: string;
  /**
   * Where models are kept: one directory, or several (one per disk). The first one also holds the catalogue.
   * Default `$XDG_CACHE_HOME/modelswarm`, or `~/.cache/modelswarm`.
   */
  readonly dataDir?: string | readonly string[];
  /** Bytes of models to keep at most; the least recently used go first. Default: as much as `minFreeSpace` leaves. */
  readonly maxCacheSize?: number;
  /** Bytes that stay free on each disk. Default 2 GB. */
  readonly minFreeSpace?: number;
  /** Answers from what is held, and never asks the Hub. Default false. */
  readonly offline?: boolean;
  /** Sends ranges only of files that matched the Hub's hash as a whole; others wait for that. Default false. */
  readonly strict?: boolean;
  /** Repos that may be read, as globs: `org/*`, `datasets/org/name`. Default: all. */
  readonly allow?: readonly string[];
  /** Repos that may not be read, as globs; wins over `allow`. Default: none. */
  readonly deny?: readonly string[];
  /**
   * When there is one, every request must bring one: as its Bearer token, or in `X-Modelswarm-Client-Token` beside a Hub
   * token. `hf_msw` and 34 to 250 letters or digits. They are never sent to the Hub. Default: none.
   */
  readonly clientTokens?: readonly string[];
  /** The address that clients use, when it is not the one that the server listens on: `https://models.example.org`. */
  readonly publicUrl?: string;
  /** Host names, besides loopback ones and that of `publicUrl`, under which requests may come in on loopback. */
  readonly allowedHosts?: readonly string[];
  /** Addresses or CIDR networks of reverse proxies whose `X-Forwarded-For` and `-Proto` are believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Requests per second and client; a client may be ten seconds ahead of it. Default: no limit. */
  readonly rateLimit?: number;
  /** Bytes per day that each client may cause to be fetched from the Hub (not counted on loopback). Default 10 TB. */
  readonly fillBudget?: number;
  /** Bytes per second from the Hub, all files together. Default: no limit. */
  readonly downloadRate?: number;
  /** Requests that the download of one file may have open at the Hub. Default 8. */
  readonly connectionsPerFile?: number;
  /** The same for all files together. Default 64. */
  readonly connections?: number;
  /** Downloads of whole files that go on after their last reader has left, at most. Default 16; 0 stops them. */
  readonly finishAbandoned?: number;
  /** Makes torrents of what is held, and hashes files for them on their way. Default true. */
  readonly torrents?: boolean;
  /** Trackers that torrents name, http(s), ws(s) or udp URLs. Default: the server's own, if it has one. */
  readonly trackers?: readonly string[];
  /**
   * Is a tracker, too: at `/announce` over HTTP and WebSocket, and over UDP on the same port number. Default: a server of its own is, unless
   * there are client tokens (peers have none); a mirror that is mounted never is.
   */
  readonly ownTracker?: boolean;
  /** For which torrents: `all` (default), or `known`: those that were made here, and those of `trackerAllowList`. */
  readonly trackerFor?: 'all' | 'known';
  /** File with info-hashes, one per line. Default: none. */
  readonly trackerAllowList?: string;
  /** File with the info-hashes of an operator's own private torrents, which need a ticket. Default: none. */
  readonly trackerPrivateList?: string;
  /** File with the keys that tickets are made with: an id and 64 hex digits per line. Default: none. */
  readonly trackerTicketKeys?: string;
  /** Pages whose browsers may use the tracker, as `https://example.org`. Default: all. */
  readonly trackerOrigins?: readonly string[];
  /** Limits of the tracker per address and socket: `usual` (default), or `off` behind something that limits already. */
  readonly trackerLimits?: 'usual' | 'off';
  /**
   * Serves the torrents that were made to BitTorrent peers. Default: a server of its own does, unless there are client tokens (peers need
   * none); a mirror that is mounted does when there is a `peerPort`.
   */
  readonly seed?: boolean;
  /** TCP port for peers; 0 takes a free one. Default 6881, or a free one if that is taken. */
  readonly peerPort?: number;
  /** Address to listen on for peers. Default: that of the server, else `127.0.0.1`. */
  readonly peerHost?: string;
  /** Announces the newest torrents in the DHT, to all the world. Default false. */
  readonly dht?: boolean;
  /** Asks the router to pass the port for peers on (NAT-PMP, UPnP). Default false. */
  readonly mapPort?: boolean;
  /** `host:port` of nodes through which the DHT is entered. Default: the well-known ones. */
  readonly dhtNodes?: readonly string[];
  /** Announces the newest torrents on the local network (BEP 14). Default: unless peers are served on loopback only. */
  readonly lsd?: boolean;
  /**
   * Licences, besides those that are known to allow passing copies on, whose repos torrents are made of: the Hub's identifiers; `*` for
   * all, and for repos that name none. Default: none.
   */
  readonly torrentLicenses?: readonly string[];
  /** Repos, as globs, that torrents are made of whatever their licence is. Default: none. */
  readonly torrentRepos?: readonly string[];
  /** Torrents of single files name the Hub's own URL as their second web seed. Default false. */
  readonly hubWebseed?: boolean;
  /**
   * Other servers of this kind near by, as http(s) URLs: a file that one of them holds or is fetching is read from there instead of
   * from the Hub. They may name one another. Default: none.
   */
  readonly neighbours?: readonly string[];
  /** Looks for such servers on the local network, and is found there when it listens on more than loopback. Default false. */
  readonly findNeighbours?: boolean;
  /**
   * Torrents whose peers files are taken from beside the Hub: magnet links, URLs or paths of torrent files. Each must name the commit that it is of, as those
   * of modelswarm servers do. Default: none.
   */
  readonly torrentSources?: readonly string[];
  /** Proxies for requests to the Hub: `{http, https, noProxy}`, as the variables of these names would say. Default: none. */
  readonly proxy?: ProxyOptions;
  /** Default: silent. A pino logger fits as it is. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** What a server of its own needs besides. */
export interface ServerOptions extends ModelswarmOptions {
  /** Address to listen on. Default `127.0.0.1`. Any other needs `allow`, `clientTokens` or `open`. */
  readonly host?: string;
  /** Default 8080; 0 takes a free one. */
  readonly port?: number;
  /** Lets anybody who reaches the server read every public repo through it. Default false. */
  readonly open?: boolean;
  /** Connections at a time, all clients together. Default 16,384. */
  readonly maxConnections?: number;
  /** Connections at a time and client address (not counted for trusted proxies). Default: no limit. */
  readonly maxConnectionsPerClient?: number;
  /** Bytes of files per second to all clients together. Default: no limit. */
  readonly bandwidth?: number;
  /** Bytes of files per second to each client. Default: no limit. */
  readonly clientBandwidth?: number;
  /** Milliseconds that running answers get to finish when the server closes. Default 30,000. */
  readonly shutdownTimeout?: number;
}
