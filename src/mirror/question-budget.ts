import { ClientBuckets } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';

/** Charges a question to the client (an address) that makes this server ask the Hub. Throws RATE_LIMITED. */
export type QuestionBudget = (client: string) => void;

/** Questions per second and client (an address), and how many may come at once. */
export interface QuestionRate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Six times the Hub's own anonymous quota of API requests: an office behind one address stays below it, a flood does
 * not.
 */
const DEFAULT_RATE: QuestionRate = { perSecond: 10, burst: 1000 };

/** What each client may have asked of the Hub's API, besides what is known already. */
export function createQuestionBudget(clock: Clock, rate: QuestionRate = DEFAULT_RATE): QuestionBudget {
  const buckets = new ClientBuckets({ ...rate, clock });
  return (client) => {
    const wait = buckets.of(client).tryTake(1);
    if (wait === 0) return;
    throw new SwarmError('RATE_LIMITED', 'This client asks for too much that is not known here. Try again shortly.', {
      retryAfterSeconds: wait / 1000,
    });
  };
}
