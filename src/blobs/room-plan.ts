import type { StoredBlob } from '../contracts/catalog.ts';

/** A directory that could take the bytes. */
export interface Candidate {
  readonly directory: string;
  readonly device: number;
  /** Bytes that must be freed on its device first; 0 or less: it fits. */
  readonly missing: number;
}

export interface RoomPlan {
  readonly candidate: Candidate;
  /** To be evicted, in this order. */
  readonly victims: readonly StoredBlob[];
}

/**
 * Chooses the directory with the most room, and which blobs must go: least recently used first, none if it fits, and no
 * plan at all (undefined) rather than one that frees too little.
 * `cacheExcess`: bytes that must go from anywhere to come under `maxCacheSize`. `leastRecentlyUsed` gives the evictable
 * blobs, at most `limit` rows of the index looked at; `exhausted` says that there are no more.
 */
export function planRoom(options: {
  readonly candidates: readonly Candidate[];
  readonly cacheExcess: number;
  readonly deviceOf: (directory: string) => number | undefined;
  readonly leastRecentlyUsed: (limit: number) => { blobs: readonly StoredBlob[]; exhausted: boolean };
}): RoomPlan | undefined {
  const byRoom = [...options.candidates].sort((one, other) => one.missing - other.missing);
  for (const candidate of byRoom) {
    const victims = chooseVictims(candidate, options);
    if (victims) return { candidate, victims };
  }
  return undefined;
}

const FIRST_LOOK = 64;

function chooseVictims(
  candidate: Candidate,
  { cacheExcess, deviceOf, leastRecentlyUsed }: Parameters<typeof planRoom>[0],
): StoredBlob[] | undefined {
  if (candidate.missing <= 0 && cacheExcess <= 0) return [];
  for (let limit = FIRST_LOOK; ; limit *= 4) {
    const { blobs, exhausted } = leastRecentlyUsed(limit);
    const victims: StoredBlob[] = [];
    let missing = candidate.missing;
    let excess = cacheExcess;
    for (const blob of blobs) {
      const helpsDevice = missing > 0 && deviceOf(blob.directory) === candidate.device;
      if (!helpsDevice && excess <= 0) continue;
      victims.push(blob);
      excess -= blob.size;
      if (deviceOf(blob.directory) === candidate.device) missing -= blob.size;
      if (missing <= 0 && excess <= 0) return victims;
    }
    if (exhausted) return undefined;
  }
}
