import type {
  RunExpectation,
  RunHashes,
  RunHashOptions,
  RunPart,
  RunWrite,
  StoreOutcome,
} from '../contracts/hasher.ts';

/** What the pool says to a hash worker. `id` names a job: a hasher, one CRC, or one run. */
export type HashRequest =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly path: string;
      readonly size: number;
      readonly gitOid: boolean;
    }
  | { readonly kind: 'advance'; readonly id: number; readonly to: number }
  | { readonly kind: 'finish'; readonly id: number }
  | { readonly kind: 'crc32'; readonly id: number; readonly path: string; readonly start: number; readonly end: number }
  | { readonly kind: 'run'; readonly id: number; readonly parts: readonly RunPart[]; readonly options: RunHashOptions }
  | {
      readonly kind: 'store';
      readonly id: number;
      readonly bytes: Uint8Array;
      readonly options: RunHashOptions;
      readonly expected: RunExpectation;
      readonly writes: readonly RunWrite[];
    }
  | { readonly kind: 'close'; readonly id: number };

/** What a hash worker says back. */
export type HashAnswer =
  /** Sent after every slice, so that the last one answers `advance`. */
  | { readonly kind: 'advanced'; readonly id: number; readonly position: number }
  | { readonly kind: 'finished'; readonly id: number; readonly sha256: string; readonly gitOid: string }
  | { readonly kind: 'crc32'; readonly id: number; readonly value: number }
  | { readonly kind: 'run'; readonly id: number; readonly hashes: RunHashes }
  | { readonly kind: 'store'; readonly id: number; readonly outcome: StoreOutcome }
  /** The job is over; `reason` is for people. */
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };
