import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../contracts/clock.ts';
import type { Accounts, SampleAccount } from './accounts.ts';
import type { CommitSnapshot } from './commit-snapshot.ts';
import type { Fault, FaultRules } from './fault.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { RepoStore } from './repo-store.ts';
import type { Route } from './route.ts';
import type { RepoState } from './sample-repo.ts';

/** Everything the two listeners share. */
export interface HubState {
  readonly repos: RepoStore;
  readonly accounts: Accounts;
  readonly faults: FaultRules;
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  /** Signs CDN URLs. */
  readonly signingKey: string;
  /** Without trailing slash. Known when both listen. */
  url: string;
  cdnUrl: string;
}

/** One request to the hub on its way to an answer. */
export interface HubRequest {
  readonly hub: HubState;
  readonly method: string;
  readonly rawPath: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly route: Route;
  readonly account: SampleAccount | undefined;
  /** The switches that met this request. */
  readonly fault: Fault;
  /** The switches for one entry of a listing. */
  readonly entryFault: (path: string) => Fault;
  /** Reads the body; undefined when it is larger than 4 MiB. */
  readonly readBody: () => Promise<Uint8Array | undefined>;
}

/** A request for a repo that the caller may see, at a commit that exists. */
export interface RepoRequest extends HubRequest {
  readonly repo: RepoState;
  readonly commit: CommitSnapshot;
  /** The path of the URL; `''` is the root. */
  readonly path: string;
}

/** Booleans come as `true`, `True` or `1`. */
export function flag(query: URLSearchParams, name: string): boolean {
  return /^(true|1)$/i.test(query.get(name) ?? '');
}

/** A whole number of a query, at least `least` and at most `most`; `fallback` when there is none. */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const text = query.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Math.min(Math.max(Number(text), least), most) : fallback;
}
