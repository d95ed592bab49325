import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import {
  parseRateLimit,
  parseRateLimitPolicy,
  type QuotaBucket,
  quotaBucket,
  type RateLimit,
} from '../hub-format/rate-limit.ts';
import { parseRetryAfter } from '../hub-format/retry-after.ts';

/** One look at the quota. */
export interface QuotaRequest {
  /** Path below the endpoint: it decides the bucket. */
  readonly pathname: string;
  /** The Hub counts per account; requests without a token count against our address. */
  readonly token: string | undefined;
}

/** The Hub's request quota, shared by everything in this process. */
export interface Quota {
  /**
   * Takes one request out of the budget. Waits when the window ends within two seconds.
   *
   * @throws SwarmError RATE_LIMITED with `retryAfterSeconds`.
   */
  admit(request: QuotaRequest & { readonly priority: 'known' | 'unknown' }, signal?: AbortSignal): Promise<void>;
  /** Takes in what an answer says about the budget. */
  learn(request: QuotaRequest, answer: { readonly status: number; readonly headers: Headers }): void;
}

interface Budget {
  /** Requests left until `resetAt`, as far as we know. */
  remaining: number;
  /** Requests per window: as the Hub says, else the most that was ever left. */
  quota: number;
  /** Milliseconds since the epoch; afterwards nothing is known. */
  resetAt: number;
}

/** The buckets that `quotaBucket` knows; others would never be asked for. */
const BUCKETS: ReadonlySet<string> = new Set(['api', 'resolvers', 'pages']);
/** The part of each window that is kept for repos that are known already: floods of random names cannot use it up. */
const RESERVED_FOR_KNOWN = 0.2;
/** A caller would rather hear "come back later" than hang: longer waits are refused. */
const LONGEST_WAIT_MS = 2000;
/** How long we stay away after a 429 that does not say. */
const DEFAULT_BACK_OFF_SECONDS = 5;
/** The Hub's windows are five minutes; longer ones are taken for an hour at most. */
const LONGEST_WINDOW_SECONDS = 3600;
/** `t` counts whole seconds, so one window's end seems to move by as much. */
const WINDOW_SLACK_MS = 2000;
/** Accounts whose budgets are remembered. */
const MAX_ACCOUNTS = 2000;

/** Keeps one budget per account and bucket, learned from `RateLimit` headers and 429s. */
export function createQuota(clock: Clock): Quota {
  const anonymous = new Map<QuotaBucket, Budget>();
  const accounts = new Map<string, Map<QuotaBucket, Budget>>();

  const budgetsOf = (token: string | undefined): Map<QuotaBucket, Budget> => {
    if (token === undefined) return anonymous;
    const known = accounts.get(token) ?? new Map<QuotaBucket, Budget>();
    // Last used, last in the map; the first one is the longest unused.
    accounts.delete(token);
    accounts.set(token, known);
    const [oldest] = accounts.keys();
    if (accounts.size > MAX_ACCOUNTS && oldest !== undefined) accounts.delete(oldest);
    return known;
  };

  const learnLimit = (budgets: Map<QuotaBucket, Budget>, limit: RateLimit): void => {
    const { bucket, remaining } = limit;
    const resetAt = clock.now() + Math.min(limit.resetSeconds, LONGEST_WINDOW_SECONDS) * 1000;
    const budget = budgets.get(bucket);
    if (!budget) {
      budgets.set(bucket, { remaining, quota: remaining, resetAt });
      return;
    }
    const sameWindow = clock.now() < budget.resetAt && resetAt < budget.resetAt + WINDOW_SLACK_MS;
    // Answers overtake each other: within a window, the lower number is the newer one.
    budget.remaining = sameWindow ? Math.min(budget.remaining, remaining) : remaining;
    if (!sameWindow) budget.resetAt = resetAt;
    budget.quota = Math.max(budget.quota, remaining);
  };

  return {
    async admit({ pathname, token, priority }, signal) {
      const bucket = quotaBucket(pathname);
      if (bucket === undefined) return;
      for (;;) {
        const budget = budgetsOf(token).get(bucket);
        const wait = budget ? budget.resetAt - clock.now() : 0;
        if (!budget || wait <= 0) return;
        const reserved = priority === 'known' ? 0 : Math.ceil(budget.quota * RESERVED_FOR_KNOWN);
        if (budget.remaining > reserved) {
          budget.remaining -= 1;
          return;
        }
        if (wait > LONGEST_WAIT_MS) {
          const retryAfterSeconds = Math.ceil(wait / 1000);
          throw new SwarmError(
            'RATE_LIMITED',
            `The Hub's quota for "${bucket}" requests is used up for another ${retryAfterSeconds} s.`,
            { retryAfterSeconds },
          );
        }
        await clock.sleep(wait, signal);
      }
    },

    learn({ pathname, token }, { status, headers }) {
      const budgets = budgetsOf(token);
      const limits = parseRateLimit(headers.get('ratelimit')).filter((limit) => BUCKETS.has(limit.bucket));
      for (const limit of limits) learnLimit(budgets, limit);
      for (const { bucket, quota } of parseRateLimitPolicy(headers.get('ratelimit-policy'))) {
        const budget = budgets.get(bucket);
        if (budget) budget.quota = quota;
      }
      if (status !== 429) return;
      const bucket = quotaBucket(pathname) ?? 'resolvers';
      const said = limits.find((limit) => limit.bucket === bucket);
      const asked = parseRetryAfter(headers.get('retry-after'), clock.now());
      const seconds = asked ?? (said ? said.resetSeconds + 1 : DEFAULT_BACK_OFF_SECONDS);
      const quota = budgets.get(bucket)?.quota ?? 0;
      const resetAt = clock.now() + Math.min(seconds, LONGEST_WINDOW_SECONDS) * 1000;
      budgets.set(bucket, { remaining: 0, quota, resetAt });
    },
  };
}
