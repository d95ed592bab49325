import type { Clock } from '../contracts/clock.ts';
import { type Answer, refusalAnswer } from './answer.ts';
import type { RouteKind } from './route.ts';

/** The Hub's quotas: requests per fixed window, counted apart for each token or anonymous address. */
export interface RateLimits {
  readonly api: number;
  readonly resolvers: number;
  readonly pages: number;
  readonly windowSeconds: number;
}

/** What the limiter says about one request. */
export interface RequestQuota {
  readonly headers: Record<string, string>;
  /** Was the quota used up before it? */
  readonly exceeded: boolean;
  /** Until the window ends. */
  readonly seconds: number;
}

type Bucket = 'api' | 'resolvers' | 'pages';

/** The largest quotas that the Hub documents, so that only tests that ask for it meet a 429. */
export const GENEROUS_LIMITS: RateLimits = { api: 100_000, resolvers: 500_000, pages: 10_000, windowSeconds: 300 };

/** Counts requests and words the RateLimit headers. */
export class RateLimiter {
  limits: RateLimits;
  readonly #clock: Clock;
  readonly #windows = new Map<string, { used: number; readonly endsAt: number }>();

  constructor(limits: RateLimits, clock: Clock) {
    this.limits = limits;
    this.#clock = clock;
  }

  /** Counts one request. */
  count(caller: string, kind: RouteKind): RequestQuota {
    const bucket = bucketOf(kind);
    if (bucket === undefined) return { headers: {}, exceeded: false, seconds: 0 };
    const now = this.#clock.now();
    const key = `${bucket} ${caller}`;
    const running = this.#windows.get(key);
    const window =
      running && running.endsAt > now ? running : { used: 0, endsAt: now + this.limits.windowSeconds * 1000 };
    this.#windows.set(key, window);
    const exceeded = window.used >= this.limits[bucket];
    window.used += 1;
    const remaining = Math.max(0, this.limits[bucket] - window.used);
    const seconds = Math.ceil((window.endsAt - now) / 1000);
    return { headers: this.#headers(bucket, remaining, seconds), exceeded, seconds };
  }

  /** A 429 that says to come back after `seconds`. */
  refusal(kind: RouteKind, seconds: number): Answer {
    const headers = this.#headers(bucketOf(kind) ?? 'pages', 0, seconds);
    const message = 'We had to rate limit your IP. To continue using our service, log in or wait.';
    return refusalAnswer({ status: 429, message, headers }, 'json');
  }

  reset(): void {
    this.#windows.clear();
  }

  #headers(bucket: Bucket, remaining: number, seconds: number): Record<string, string> {
    return {
      ratelimit: `"${bucket}";r=${remaining};t=${seconds}`,
      'ratelimit-policy': `"fixed window";"${bucket}";q=${this.limits[bucket]};w=${this.limits.windowSeconds}`,
    };
  }
}

/** Only URLs with `/resolve/` count as resolvers; cached redirect targets and the CDN count nowhere. */
function bucketOf(kind: RouteKind): Bucket | undefined {
  if (kind === 'cdn' || kind === 'resolve-cache') return undefined;
  if (kind === 'resolve') return 'resolvers';
  return kind === 'raw' || kind === 'other' ? 'pages' : 'api';
}
