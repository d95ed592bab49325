import type { BlobUsage } from '../contracts/blob-store.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Counters } from '../contracts/counters.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { StatsCounters, StatsDocument } from './documents.ts';

/** Repos that are listed one by one. */
const MOST_LISTED = 1000;

export interface StatsOptions {
  readonly counters: Counters;
  readonly usage: () => BlobUsage;
  readonly refs: Pick<RefStore, 'repo'>;
}

type Sums = Omit<StatsCounters, 'bytesSaved'>;

/** What `/hf-stats` tells: for everybody to read, so the names of gated and private repos are not in it. */
export function readStats({ counters, usage, refs }: StatsOptions): StatsDocument {
  const totals = counters.totals();
  const listed = counters.topRepos(MOST_LISTED).filter(({ repo }) => refs.repo(repo)?.access === 'public');
  const { blobs, bytes, reserved, maxCacheSize, minFreeSpace } = usage();
  return {
    totals: withSaved(totals),
    cache: {
      files: blobs,
      bytes,
      reservedBytes: reserved,
      maxBytes: maxCacheSize ?? null,
      minFreeBytes: minFreeSpace,
    },
    models: listed.map(({ repo, lastRequest, ...sums }) => ({
      model: repoName(repo),
      ...withSaved(sums),
      lastRequest: lastRequest === 0 ? null : new Date(lastRequest).toISOString(),
    })),
    others: withSaved(listed.reduce<Sums>(minus, totals)),
  };
}

function withSaved({ requests, bytesToClients, bytesFromHub, bytesByPeers }: Sums): StatsCounters {
  return {
    requests,
    bytesToClients,
    bytesFromHub,
    bytesByPeers,
    bytesSaved: Math.max(0, bytesToClients - bytesFromHub),
  };
}

function minus(from: Sums, what: Sums): Sums {
  return {
    requests: from.requests - what.requests,
    bytesToClients: from.bytesToClients - what.bytesToClients,
    bytesFromHub: from.bytesFromHub - what.bytesFromHub,
    bytesByPeers: from.bytesByPeers - what.bytesByPeers,
  };
}
