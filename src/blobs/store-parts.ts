import type { BlobIndex } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { Logger } from '../contracts/logger.ts';
import type { Descriptors } from './descriptors.ts';
import type { Leases } from './leases.ts';
import type { MoveGate } from './move-gate.ts';
import type { ShardFolders } from './shard-folders.ts';
import type { Turns } from './turns.ts';

/** What the jobs of one disk store share. */
export interface StoreParts {
  /** Absolute; the first one is as good as the others. */
  readonly directories: readonly string[];
  readonly index: BlobIndex;
  readonly hashing: HashPool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leases: Leases;
  readonly descriptors: Descriptors;
  readonly shards: ShardFolders;
  readonly gate: MoveGate;
  /** One change of a blob's file at a time, by SHA-256. Rows change at once; files follow in their turn. */
  readonly turns: Turns;
}
