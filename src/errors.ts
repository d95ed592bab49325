/**
 * The one error class of modelswarm. `code` is a closed union: callers branch on it, never on messages.
 * Messages say what happened, to which file or repo, and what to do; they never carry a token or a signed URL.
 */

/** Every code that leaves this package. `HTTP_STATUS` maps each one to the status that HTTP services answer. */
export type ErrorCode =
  /** The request itself is malformed (path, range, query, body). */
  | 'BAD_REQUEST'
  /** The Hub answered with a refusal of its own; `hub` carries its words, which the mirror repeats. */
  | 'HUB_REFUSED'
  /** The Hub (or our own budget for it) says "too many requests"; `retryAfterSeconds` says when to come back. */
  | 'RATE_LIMITED'
  /** The Hub could not be reached, or answered 5xx. */
  | 'UPSTREAM_UNAVAILABLE'
  /** The Hub did not answer in time, or a transfer stalled. */
  | 'UPSTREAM_TIMEOUT'
  /** The Hub answered something that cannot be right (wrong size, unparsable listing, redirect to a forbidden address). */
  | 'UPSTREAM_INVALID'
  /** Bytes or metadata do not match the Hub's own hashes. */
  | 'INTEGRITY'
  /** Not held here, and `--offline` forbids asking the Hub. */
  | 'OFFLINE'
  /** No room: the disk is full, or the file cannot fit under `maxCacheSize` and `minFreeSpace`. */
  | 'DISK_FULL'
  /** The operator's rules (`--allow`, `--deny`, client tokens) forbid this repo or caller. */
  | 'NOT_ALLOWED'
  /** The input is larger than a bound of ours, or a torrent would be. */
  | 'TOO_LARGE'
  /** Not a torrent (or bencoded text) that can be used; the message says what is wrong, and at which byte. */
  | 'BAD_TORRENT'
  /** Not a magnet link that can be used. */
  | 'BAD_MAGNET'
  /** A torrent of something that is not held yet; caching has begun, `retryAfterSeconds` says when to ask again. */
  | 'NOT_CACHED'
  /** No torrent is made of this: its repo is gated or private, or its licence does not allow passing it on. */
  | 'NOT_REDISTRIBUTABLE'
  /** A peer could not be reached, or a port could not be opened. */
  | 'CONNECT_FAILED'
  /** A tracker could not be reached, or refused; the message has its words. */
  | 'TRACKER_FAILED'
  /** A file of a torrent could not be read or written; the message says which, and why. */
  | 'STORAGE'
  /** The data directory is in use by another process. */
  | 'DATA_DIR_LOCKED'
  /** The data directory was written by a newer modelswarm, or is not one of ours. */
  | 'DATA_DIR_FORMAT'
  /** A configuration value is missing or wrong. */
  | 'CONFIG'
  /** The object was closed while the operation waited. */
  | 'CLOSED'
  /** A bug in modelswarm. */
  | 'INTERNAL';

/** Code to HTTP status, in one place. `HUB_REFUSED` uses the Hub's own status instead when it is known. */
const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  HUB_REFUSED: 502,
  RATE_LIMITED: 429,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_INVALID: 502,
  INTEGRITY: 502,
  OFFLINE: 503,
  DISK_FULL: 507,
  NOT_ALLOWED: 403,
  TOO_LARGE: 413,
  BAD_TORRENT: 400,
  BAD_MAGNET: 400,
  NOT_CACHED: 404,
  NOT_REDISTRIBUTABLE: 403,
  CONNECT_FAILED: 502,
  TRACKER_FAILED: 502,
  STORAGE: 500,
  DATA_DIR_LOCKED: 500,
  DATA_DIR_FORMAT: 500,
  CONFIG: 500,
  CLOSED: 503,
  INTERNAL: 500,
};

/** What the Hub said when it refused, kept so that the mirror can say the same. */
export interface HubRefusal {
  /** 400..499 */
  readonly status: number;
  /** `X-Error-Code`: RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo ... */
  readonly errorCode?: string;
  /** `X-Error-Message`, or the JSON `error`. */
  readonly message: string;
  /** `WWW-Authenticate`, if any. */
  readonly wwwAuthenticate?: string;
  /** `X-Repo-Commit`: clients write a "no such file" note only when it is there. */
  readonly commit?: string;
}

/** What an error carries besides its code and message. */
export interface SwarmErrorOptions extends ErrorOptions {
  readonly hub?: HubRefusal;
  readonly retryAfterSeconds?: number;
}

/** The error class of the whole package. */
export class SwarmError extends Error {
  override readonly name = 'SwarmError';
  readonly code: ErrorCode;
  readonly hub?: HubRefusal;
  readonly retryAfterSeconds?: number;

  constructor(code: ErrorCode, message: string, options: SwarmErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hub) this.hub = options.hub;
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The HTTP status a service answers for this error. */
  get status(): number {
    return this.hub?.status ?? HTTP_STATUS[this.code];
  }
}

/**
 * Is this one of ours (and, when given, with this code)? Compares names, not classes, so that it holds across realms
 * and across two copies of the package.
 */
export function isSwarmError(error: unknown, code?: ErrorCode): error is SwarmError {
  if (!(error instanceof Error) || error.name !== 'SwarmError') return false;
  return code === undefined || (error as SwarmError).code === code;
}
