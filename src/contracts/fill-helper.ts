import type { Grant } from './access.ts';
import type { RangeSource } from './range-source.ts';

/**
 * How far a server is with a file, as its neighbours are told. `filling`: it is fetching the file from the Hub, and passes on what came; `asking`: it is
 * just finding out where to fetch it from; `absent`: neither, or it gets the file from a neighbour itself.
 */
export type Whereabouts = 'held' | 'filling' | 'asking' | 'absent';

/** Somebody else than the Hub who has the bytes of a file, for one fill. What comes is checked as if it came from the Hub. */
export interface HelpingSource {
  /** A chunk is valid until the next one is asked for. It is dropped at its first failure. */
  readonly source: RangeSource;
  /** `instead`: the Hub is asked for nothing as long as this goes well. `beside`: both bring their share. */
  readonly mode: 'instead' | 'beside';
  /** Not to be read from before this has resolved; rejects when it never may be. Default: at once. */
  readonly ready?: Promise<void>;
  /** What came was not what the Hub has. */
  distrust(): void;
  /** The fill has ended. */
  close(): Promise<void>;
}

/** Finds such sources: servers near by, torrents that are known. */
export interface FillHelper {
  /** Undefined when there is none. Takes half a second at most; does not reject. */
  find(grant: Grant): Promise<HelpingSource | undefined>;
}
