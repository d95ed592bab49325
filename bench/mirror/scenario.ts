import type { MirrorServer } from '../mirror-server.ts';
import type { Measured } from '../result.ts';
import type { Upstream } from './upstream.ts';

/** What every scenario gets. */
export interface ScenarioContext {
  readonly upstream: Upstream;
  /** Starts a mirror of the upstream that holds nothing yet. */
  readonly startMirror: (more?: readonly string[]) => Promise<MirrorServer>;
  /** The size of a large file, bytes. */
  readonly size: number;
  /** The same for people: `1 GiB`. */
  readonly sizeName: string;
  /** Rounds of both sides; the first is not counted (it warms both up). */
  readonly rounds: number;
  /** Seconds of one round of a load test. */
  readonly seconds: number;
}

export type Scenario = (context: ScenarioContext) => Promise<Measured[]>;

/** The Hub's URL of a file, on the Hub itself or on a mirror of it. */
export function resolveUrl(server: { readonly url: string }, repo: string, path: string): string {
  return `${server.url}/${repo}/resolve/main/${path}`;
}

/** Drops the first of several rounds. */
export function afterWarmUp<T>(rounds: readonly T[]): readonly T[] {
  return rounds.length > 1 ? rounds.slice(1) : rounds;
}
