import type { Clock } from '../contracts/clock.ts';
import type { SwarmState } from '../contracts/swarm-state.ts';
import type { TrackerPolicy } from './policy.ts';

/** What a tracker needs to know. */
export interface TrackerOptions {
  readonly state: SwarmState;
  readonly policy: TrackerPolicy;
  readonly clock: Clock;
  /** Uniform in [0, 1): spreads announces. */
  readonly random: () => number;
  /** Seconds between two announces of a peer, give or take a tenth. */
  readonly intervalSeconds: number;
  /** This server itself, as a seed: it is in no state, but in every answer about what it has. */
  readonly ownSeed?: OwnSeed | undefined;
}

export interface OwnSeed {
  has(infoHash: Uint8Array): boolean;
  /** Where it lets peers in; 0: nowhere yet. */
  readonly port: () => number;
}

/** More peers than this nobody gets in one answer. */
export const MOST_WANTED = 200;
/** What somebody gets who does not say. */
export const USUAL_WANTED = 50;
