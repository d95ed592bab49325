import type { Grant } from './access.ts';
import type { RangeSource } from './range-source.ts';

/**
 * How far a server is with a file. `filling`: it is fetching the file from the Hub, and passes on what came; `asking`: it is just finding out
 * where to fetch it from; `absent`: neither, or it gets the file from a neighbour itself.
 */
export type Whereabouts = 'held' | 'filling' | 'asking' | 'absent';

/** Servers near by that fetch the same files: of each file, one of them asks the Hub, and the others ask that one. */
export interface Neighbours {
  /**
   * A neighbour to read this file from; undefined when the Hub is to be asked. Takes half a second at most. Rejects with nothing but
   * `signal.reason`. A chunk of the source is valid until the next one is asked for.
   */
  sourceOf(grant: Grant, signal?: AbortSignal): Promise<RangeSource | undefined>;
  /** What came from this source was not what the Hub has: its neighbour is left alone for an hour. */
  distrust(source: RangeSource): void;
}
