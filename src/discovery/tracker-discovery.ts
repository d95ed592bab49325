import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery } from '../contracts/discovery.ts';
import { createHttpTracker } from './http-tracker.ts';
import type { TrackerClient } from './tracker-client.ts';
import { TrackerRecord } from './tracker-record.ts';
import { TrackerSession } from './tracker-session.ts';

/** Torrents come from strangers. */
const MOST_TRACKERS = 100;
const LONGEST_URL = 2048;

export interface TrackerDiscoveryOptions {
  /** URLs, as `announce-list` has them. Those of protocols that are not spoken here are left out. */
  readonly tiers: readonly (readonly string[])[];
  /** For trackers over HTTP. Default: the global one. Decides which addresses may be asked. */
  readonly fetch?: typeof globalThis.fetch;
  /** For trackers over UDP: one for all torrents, which its maker closes. Without it they are left out. */
  readonly udp?: TrackerClient;
  readonly clock?: Clock;
  /** 0 up to 1. */
  readonly random?: () => number;
  /** Is waited for before each announce: who has many torrents bounds their announces per second with it. */
  readonly budget?: (url: string) => Promise<void>;
  readonly userAgent?: string;
}

/**
 * Finds peers by the trackers of one torrent (BEP 12): a tier's trackers in random order, the one that answered first from then
 * on, the next tier only when all of one fail. After failures it waits 15 seconds up to 30 minutes; otherwise as long as the
 * tracker says.
 */
export function createTrackerDiscovery(options: TrackerDiscoveryOptions): Discovery {
  const { clock = systemClock, random = Math.random, budget = async () => {}, udp } = options;
  const { fetch = globalThis.fetch, userAgent = 'modelswarm' } = options;
  const http = createHttpTracker({ fetch, clock, userAgent });
  const clients: Readonly<Record<string, TrackerClient | undefined>> = { 'http:': http, 'https:': http, 'udp:': udp };
  const urls = usable(options.tiers);
  const sessions = new Set<TrackerSession>();

  const records = (tier: readonly string[]): TrackerRecord[] =>
    tier.flatMap((url) => {
      const client = clients[new URL(url).protocol];
      return client ? [new TrackerRecord(url, client)] : [];
    });

  return {
    join: (member) => {
      const session = new TrackerSession(member, { tiers: urls.map(records), clock, random, budget });
      sessions.add(session);
      const close = async (): Promise<void> => {
        await session.close();
        sessions.delete(session);
      };
      return {
        status: () => session.status(),
        completed: () => session.completed(),
        wantMore: () => session.wantMore(),
        close,
      };
    },
    close: async () => {
      await Promise.all([...sessions].map((session) => session.close()));
      sessions.clear();
    },
  };
}

/** Each URL once, where it comes first. */
function usable(tiers: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const seen = new Set<string>();
  return tiers.map((tier) =>
    tier.filter((url) => {
      if (seen.has(url) || seen.size >= MOST_TRACKERS || url.length > LONGEST_URL) return false;
      seen.add(url);
      return URL.canParse(url) && new URL(url).hostname !== '';
    }),
  );
}
