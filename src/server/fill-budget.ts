import { ClientBuckets } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import { isLoopback } from '../http/client-address.ts';

const DAY_SECONDS = 86_400;

/**
 * Makes the function that charges bytes which have to come from the Hub to the client that asks for them first, and throws
 * RATE_LIMITED when it has had its share. Whoever can connect from this machine itself could fill its disk anyway, and
 * is not charged. `bytesPerDay`: for each client; a day's worth may be taken at once.
 */
export function createFillBudget(bytesPerDay: number, clock: Clock): (client: string, bytes: number) => void {
  const buckets = new ClientBuckets({ perSecond: bytesPerDay / DAY_SECONDS, burst: bytesPerDay, clock });
  return (client, bytes) => {
    if (isLoopback(client)) return;
    // A file larger than the budget is let through when the budget is untouched, else it could never be had.
    const wait = buckets.of(client).tryTake(Math.min(bytes, bytesPerDay));
    if (wait === 0) return;
    throw new SwarmError(
      'RATE_LIMITED',
      'This client has had its share of files that are not held here yet (--fill-budget). Files that are held go on.',
      { retryAfterSeconds: Math.ceil(wait / 1000) },
    );
  };
}
