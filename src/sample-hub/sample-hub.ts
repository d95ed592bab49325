import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import { Accounts, type SampleAccount } from './accounts.ts';
import type { CommitSnapshot } from './commit-snapshot.ts';
import { type Fault, type FaultMatch, FaultRules } from './fault.ts';
import { demoRepos } from './generate/demo-repos.ts';
import type { HubState } from './hub-state.ts';
import { listen } from './listen.ts';
import { GENEROUS_LIMITS, RateLimiter, type RateLimits } from './rate-limit.ts';
import type { RepoFile } from './repo-file.ts';
import { RepoStore } from './repo-store.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';
import type { Push, RepoAccess, RepoCard, RepoState, SampleRepo } from './sample-repo.ts';
import { serveCdn } from './serve-cdn.ts';
import { serveHub } from './serve-hub.ts';

export interface SampleHubOptions {
  /** Default: the repos of the demo (`demoRepos`). */
  readonly repos?: readonly SampleRepo[];
  /** Decides the contents of the demo's repos. */
  readonly seed?: string;
  readonly accounts?: readonly SampleAccount[];
  /** Default: quotas that nobody reaches by accident. */
  readonly rateLimits?: RateLimits;
  /** Faults from the start; `setFault` adds more. */
  readonly faults?: readonly { readonly match: FaultMatch | '*'; readonly fault: Fault; readonly times?: number }[];
  /** Default: the real clock. */
  readonly clock?: Clock;
  /** Ports on 127.0.0.1; 0 (the default) takes a free one. */
  readonly port?: number;
  readonly cdnPort?: number;
}

/** A running hub with its second origin. */
export interface SampleHub extends AsyncDisposable {
  /** `http://127.0.0.1:port`, what `HF_ENDPOINT` would be. */
  readonly url: string;
  /** The origin of signed URLs: `http://localhost:port`, another host than the hub's. */
  readonly cdnUrl: string;
  /** Names of all repos: `org/name`, `datasets/org/name` ... */
  readonly repos: readonly string[];
  readonly accounts: Accounts;
  /** Every request so far, oldest first, in the order in which they ended. */
  readonly requests: readonly LoggedRequest[];
  /** Bytes of file content sent by hub and CDN: of a file, of a repo, or of all. */
  bytesSent(repo?: string, path?: string): number;
  /** Forgets requests and byte counts. */
  resetCounters(): void;
  /** Returns the first commit. */
  addRepo(spec: SampleRepo): string;
  /** Changes access or card; `id` renames the repo and leaves a redirect. */
  updateRepo(repo: string, change: Partial<RepoAccess> & { readonly id?: string; readonly card?: RepoCard }): void;
  /** Commits to a branch (default `main`) or a ref such as `refs/pr/1`. Returns the commit. */
  push(repo: string, change: Push): string;
  /** Points a branch, `refs/tags/...` or another ref at a commit. */
  moveRef(repo: string, ref: string, commit: string): void;
  /** The commit of a revision (default `main`). */
  commit(repo: string, revision?: string): string;
  /** What the hub holds at a path: size, hashes, bytes. */
  file(repo: string, path: string, revision?: string): RepoFile;
  setRateLimits(limits: RateLimits): void;
  /**
   * Changes how matching requests are answered, `times` times (default: until it is taken away). Faults of bodies meet file
   * contents only, unless `match.kind` names a listing. Returns a function that takes it away.
   */
  setFault(match: FaultMatch | '*', fault: Fault, times?: number): () => void;
  clearFaults(): void;
  close(): Promise<void>;
}

/** Starts a sample hub on 127.0.0.1. Rejects when a port is taken. */
export async function createSampleHub(options: SampleHubOptions = {}): Promise<SampleHub> {
  const clock = options.clock ?? systemClock;
  const hub: HubState = {
    repos: new RepoStore(),
    accounts: new Accounts(),
    faults: new FaultRules(clock),
    limiter: new RateLimiter(options.rateLimits ?? GENEROUS_LIMITS, clock),
    clock,
    signingKey: crypto.randomUUID(),
    url: '',
    cdnUrl: '',
  };
  for (const spec of options.repos ?? demoRepos(options.seed)) hub.repos.add(spec);
  for (const account of options.accounts ?? []) hub.accounts.add(account);
  for (const { match, fault, times } of options.faults ?? []) hub.faults.add(match, fault, times);
  const log = new RequestLog();
  const closing = new AbortController();
  const context = { hub, log, signal: closing.signal };
  const main = await listen(
    (request, response) => serveHub(context, request, response),
    options.port ?? 0,
    '127.0.0.1',
  );
  // Clients that compare hosts without ports must see another one than the hub's.
  const cdn = await listen(
    (request, response) => serveCdn(context, request, response),
    options.cdnPort ?? 0,
    'localhost',
  );
  hub.url = main.url;
  hub.cdnUrl = cdn.url;

  const close = async (): Promise<void> => {
    closing.abort(new Error('the sample hub was closed'));
    await Promise.all([main.close(), cdn.close()]);
  };
  return {
    url: main.url,
    cdnUrl: cdn.url,
    get repos() {
      return hub.repos.names();
    },
    accounts: hub.accounts,
    get requests() {
      return log.requests;
    },
    bytesSent: (repo, path) => log.bytesSent(repo, path),
    resetCounters: () => log.reset(),
    addRepo: (spec) => commitOf(hub.repos.add(spec), 'main').id,
    updateRepo: (name, change) => updateRepo(hub.repos, name, change),
    push: (name, change) => hub.repos.named(name).push(change),
    moveRef: (name, ref, commit) => hub.repos.named(name).moveRef(ref, commit),
    commit: (name, revision = 'main') => commitOf(hub.repos.named(name), revision).id,
    file: (name, path, revision = 'main') => fileOf(commitOf(hub.repos.named(name), revision), path),
    setRateLimits: (limits) => {
      hub.limiter.limits = limits;
      hub.limiter.reset();
    },
    setFault: (match, fault, times) => hub.faults.add(match, fault, times),
    clearFaults: () => hub.faults.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function updateRepo(
  repos: RepoStore,
  name: string,
  change: Partial<RepoAccess> & { readonly id?: string; readonly card?: RepoCard },
): void {
  const repo = repos.named(name);
  const { id, card, ...access } = change;
  repo.access = { ...repo.access, ...access };
  if (card) repo.card = card;
  if (id !== undefined) repos.rename(name, id);
}

function commitOf(repo: RepoState, revision: string): CommitSnapshot {
  const commit = repo.resolve(revision);
  if (!commit) throw new RangeError(`${repo.id} has no revision ${revision}`);
  return commit;
}

function fileOf(commit: CommitSnapshot, path: string): RepoFile {
  const file = commit.files.get(path);
  if (!file) throw new RangeError(`no file ${path} at ${commit.id}`);
  return file;
}
