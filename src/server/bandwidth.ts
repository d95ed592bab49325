import type { ServerResponse } from 'node:http';
import { ClientBuckets, TokenBucket } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Pace } from '../http/send-file.ts';
import type { Throttle } from '../transfer/lane.ts';

/** A quarter of a second ahead: short enough to be a rate, long enough that one chunk does not make a gap. */
const BURST_SECONDS = 0.25;

/** Holds all downloads from the Hub together to a rate in bytes per second; undefined when there is no limit. */
export function createThrottle(bytesPerSecond: number | undefined, clock: Clock): Throttle | undefined {
  if (bytesPerSecond === undefined) return undefined;
  const bucket = new TokenBucket({ perSecond: bytesPerSecond, burst: bytesPerSecond * BURST_SECONDS, clock });
  return (bytes, signal) => wait(bucket.take(bytes), clock, signal);
}

/**
 * Holds file bytes to clients to two rates in bytes per second: of all together, and of each. Undefined when there is
 * no limit. `clientOf` names the client of a response.
 */
export function createPace(options: {
  readonly total: number | undefined;
  readonly perClient: number | undefined;
  readonly clientOf: (outgoing: ServerResponse) => string;
  readonly clock: Clock;
}): Pace | undefined {
  const { total, perClient, clientOf, clock } = options;
  if (total === undefined && perClient === undefined) return undefined;
  const all = total && new TokenBucket({ perSecond: total, burst: total * BURST_SECONDS, clock });
  const each = perClient && new ClientBuckets({ perSecond: perClient, burst: perClient * BURST_SECONDS, clock });
  return (outgoing, bytes, signal) => {
    const ofAll = all ? all.take(bytes) : 0;
    const ofClient = each ? each.of(clientOf(outgoing)).take(bytes) : 0;
    return wait(Math.max(ofAll, ofClient), clock, signal);
  };
}

async function wait(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await clock.sleep(milliseconds, signal);
}
