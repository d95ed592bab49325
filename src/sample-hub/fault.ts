import type { Clock } from '../contracts/clock.ts';
import { Pacer } from './pacer.ts';
import type { RouteKind } from './route.ts';

/**
 * Ways in which the hub may differ from its default behaviour: an older or rarer form of the protocol, or something wrong.
 * Every field works alone.
 */
export interface Fault {
  // Forms of the protocol
  /** Plain files: 307 to `/api/resolve-cache` (default), or 200 at once as the Hub did before 2025. */
  readonly plainFiles?: 'redirect' | 'direct';
  /** Old ids on `/resolve`: redirect (default), or answer as if the id were right. */
  readonly renamedFiles?: 'redirect' | 'direct';
  /** Xet headers and `xetHash` (default true). */
  readonly xet?: boolean;
  /** gzip for plain files when the client accepts it and asks for no range (default true). */
  readonly gzip?: boolean;
  /** Life of a signed URL, seconds (default 3600). */
  readonly signedUrlSeconds?: number;
  /** Entries of one page of a listing (default 1000; 100 with `expand`). */
  readonly pageSize?: number;

  // Time
  /** Wait before anything is answered, milliseconds. */
  readonly delay?: number;
  /** Wait between the headers and the first byte of the body, milliseconds. */
  readonly firstByteDelay?: number;
  /** Pace of each body, bytes/s. */
  readonly bytesPerSecond?: number;
  /** Pace of all bodies that this rule matches together, bytes/s. */
  readonly totalBytesPerSecond?: number;

  // Failures
  /** Answer this status instead (`429` comes with RateLimit headers that say to wait `retryAfter`). */
  readonly status?: number;
  /** Seconds, for `status: 429` or 503. */
  readonly retryAfter?: number;
  /** Close the connection without an answer. */
  readonly reset?: boolean;
  /** Close the connection after this many bytes of the body. */
  readonly truncateAt?: number;
  /** Send nothing more after this many bytes of the body, and keep the connection open. */
  readonly stallAt?: number;
  /** Flip one bit of the file's byte at this offset. */
  readonly corruptAt?: number;

  // Lies
  /** `Content-Length` of file bodies. */
  readonly contentLength?: number;
  /** `X-Linked-Size` of `/resolve`. */
  readonly linkedSize?: number;
  /** `X-Linked-Etag` (and `ETag`) of `/resolve`, with its quotes. */
  readonly linkedEtag?: string;
  /** Headers that are left out. */
  readonly withoutHeaders?: readonly string[];
  /** Git oid, size and LFS SHA-256 in listings (tree, paths-info, siblings). */
  readonly listedOid?: string;
  readonly listedSize?: number;
  readonly listedSha256?: string;

  // Timing of changes
  /** Runs after the answer was sent, for example to move a branch between HEAD and GET. */
  readonly after?: () => void;
}

/** Which requests a fault meets. Fields left out match everything. */
export interface FaultMatch {
  /** `org/name`, `datasets/org/name` ... */
  readonly repo?: string;
  /** A file, or for listings the entry that is lied about. */
  readonly path?: string;
  readonly host?: 'hub' | 'cdn';
  readonly kind?: RouteKind;
  readonly method?: string;
}

/** A fault with where and how often it strikes. */
export interface FaultRule {
  readonly match: FaultMatch;
  readonly fault: Fault;
  /** How many requests it meets before it is used up. */
  left: number;
  /** Shared by all bodies that the rule meets. */
  readonly totalPacer?: Pacer | undefined;
}

/** The request as faults see it. */
export interface FaultTarget {
  readonly repo?: string | undefined;
  readonly path?: string | undefined;
  readonly host: 'hub' | 'cdn';
  readonly kind: RouteKind;
  readonly method: string;
}

/** The switches of the hub, changeable at run time. Later rules win, field by field. */
export class FaultRules {
  readonly #clock: Clock;
  #rules: FaultRule[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns a function that takes the rule away again. */
  add(match: FaultMatch | '*', fault: Fault, times: number = Number.POSITIVE_INFINITY): () => void {
    const total = fault.totalBytesPerSecond;
    const totalPacer = total === undefined ? undefined : new Pacer(total, this.#clock);
    const rule: FaultRule = { match: match === '*' ? {} : match, fault, left: times, totalPacer };
    this.#rules.push(rule);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules that meet this request, oldest first. Counts them down. */
  strike(target: FaultTarget): FaultRule[] {
    const struck = this.#rules.filter((rule) => rule.left > 0 && matches(rule.match, target));
    for (const rule of struck) rule.left -= 1;
    return struck;
  }

  /** The switches for one entry of a listing: those of the request, and those set for the entry's own path. */
  forEntry(struck: readonly FaultRule[], target: FaultTarget, path: string): Fault {
    if (this.#rules.length === 0) return {};
    const own = this.#rules.filter(
      (rule) => rule.left > 0 && rule.match.path === path && matches(rule.match, { ...target, path }),
    );
    return mergeFaults([...struck, ...own]);
  }
}

/** One set of switches out of several rules; later ones win. */
export function mergeFaults(rules: readonly FaultRule[]): Fault {
  return Object.assign({}, ...rules.map((rule) => rule.fault));
}

function matches(match: FaultMatch, target: FaultTarget): boolean {
  return (
    (match.repo === undefined || match.repo === target.repo) &&
    (match.path === undefined || match.path === target.path) &&
    (match.host === undefined || match.host === target.host) &&
    (match.kind === undefined || match.kind === target.kind) &&
    (match.method === undefined || match.method === target.method)
  );
}
