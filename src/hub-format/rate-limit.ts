/** The Hub's quotas: `/api/`, everything with `/resolve/`, and web pages. Unknown ones are kept by their name. */
export type QuotaBucket = string;

/** One item of a `RateLimit` header: `"resolvers";r=2997;t=258`. */
export interface RateLimit {
  readonly bucket: QuotaBucket;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetSeconds: number;
}

/** One item of a `RateLimit-Policy` header: `"fixed window";"resolvers";q=3000;w=300`. */
export interface RateLimitPolicy {
  readonly bucket: QuotaBucket;
  /** Requests per window. */
  readonly quota: number;
  readonly windowSeconds: number;
}

const MAX_LENGTH = 4096;
const NAME = /"([^"]{1,64})"|;\s*([a-z]+)=(\d{1,12})/g;

interface Item {
  readonly bucket: string;
  readonly numbers: ReadonlyMap<string, number>;
}

/** Items are separated by commas, names are quoted, the last name before the numbers is the bucket. */
function parseItems(value: string | null | undefined): Item[] {
  if (!value || value.length > MAX_LENGTH) return [];
  return value.split(',').flatMap((text) => {
    let bucket: string | undefined;
    const numbers = new Map<string, number>();
    for (const [, name, key, digits] of text.matchAll(NAME)) {
      if (name !== undefined) bucket = name;
      if (key !== undefined) numbers.set(key, Number(digits));
    }
    return bucket === undefined ? [] : [{ bucket, numbers }];
  });
}

/** Parses `RateLimit`. Advice only: what cannot be read is left out. */
export function parseRateLimit(value: string | null | undefined): RateLimit[] {
  return parseItems(value).flatMap(({ bucket, numbers }) => {
    const remaining = numbers.get('r');
    const resetSeconds = numbers.get('t');
    return remaining === undefined || resetSeconds === undefined ? [] : [{ bucket, remaining, resetSeconds }];
  });
}

/** Parses `RateLimit-Policy`. Advice only: what cannot be read is left out. */
export function parseRateLimitPolicy(value: string | null | undefined): RateLimitPolicy[] {
  return parseItems(value).flatMap(({ bucket, numbers }) => {
    const quota = numbers.get('q');
    const windowSeconds = numbers.get('w');
    return quota === undefined || windowSeconds === undefined ? [] : [{ bucket, quota, windowSeconds }];
  });
}

/**
 * The bucket that the Hub counts a request path in; undefined for `/api/resolve-cache/`, whose answers say nothing
 * about a quota (the redirect that led there has been counted).
 */
export function quotaBucket(pathname: string): QuotaBucket | undefined {
  if (pathname.startsWith('/api/resolve-cache/')) return undefined;
  if (pathname.includes('/resolve/')) return 'resolvers';
  return pathname.startsWith('/api/') ? 'api' : 'pages';
}
