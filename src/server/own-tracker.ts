import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { createTracker, type Tracker } from '../tracker/create-tracker.ts';
import { openPolicy } from '../tracker/open-policy.ts';
import type { OwnSeed } from '../tracker/options.ts';

export interface OwnTrackerOptions {
  readonly trackerFor: 'all' | 'known';
  readonly trackerAllowList?: string | undefined;
  readonly trackerPrivateList?: string | undefined;
  readonly trackerTicketKeys?: string | undefined;
  readonly trackerOrigins: readonly string[];
  readonly trackerLimits: 'usual' | 'off';
  readonly trustedProxies: readonly string[];
  /** This server as clients reach it. */
  readonly baseUrl: () => string | undefined;
  readonly publicUrl?: string | undefined;
  readonly ownSeed: OwnSeed | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The tracker of a server. */
export interface OwnTracker {
  readonly tracker: Tracker;
  /** Its URLs, for torrents; none while it is not known where it is. */
  urls(): string[];
  /** Opens it over UDP, too, on the number of the TCP port. A port that is taken costs only that. */
  listenUdp(host: string, port: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the tracker of a server. Rejects with CONFIG when its list cannot be read. */
export async function openOwnTracker(options: OwnTrackerOptions): Promise<OwnTracker> {
  const { trackerFor, ownSeed, clock, logger, baseUrl } = options;
  const onProblem = (problem: string): void => logger.warn({ problem }, 'tracker: the list stays as it was');
  const policy = await openPolicy(
    {
      allowList: options.trackerAllowList,
      privateList: options.trackerPrivateList,
      ticketKeys: options.trackerTicketKeys,
    },
    { clock, onProblem },
  );
  const { allowed, tickets } = policy;
  const isKnown = (infoHash: Uint8Array): boolean =>
    (ownSeed?.has(infoHash) ?? false) || (allowed?.has(infoHash) ?? false);
  const tracker = createTracker({
    ...{
      limits: options.trackerLimits,
      origins: options.trackerOrigins.map((url) => new URL(url).origin),
      trustedProxies: options.trustedProxies,
      clock,
    },
    ...(trackerFor === 'known' && { isAllowed: isKnown }),
    ...(ownSeed && { ownSeed }),
    ...(tickets && { tickets }),
  });
  let udp: string | undefined;
  return {
    tracker,
    urls() {
      const base = baseUrl();
      if (base === undefined) return [];
      return [`${base}/announce`, `${base.replace(/^http/, 'ws')}/announce`, ...(udp === undefined ? [] : [udp])];
    },
    async listenUdp(host, port) {
      try {
        await tracker.listenUdp(host, port);
        const base = new URL(baseUrl() ?? '');
        // Behind a reverse proxy, UDP may end elsewhere, or nowhere.
        if (Number(base.port) === port) udp = `udp://${base.host}/announce`;
      } catch (error) {
        logger.warn({ host, port, error: String(error) }, 'tracker: not over UDP');
      }
    },
    async close() {
      policy.close();
      await tracker.close();
    },
  };
}
