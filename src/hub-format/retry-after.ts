/** Longest wait that is believed: a day. */
const MAX_SECONDS = 86_400;

/**
 * Seconds that `Retry-After` asks for (RFC 9110 §10.2.3: a number, or a date), 0 to one day; undefined when it is
 * missing or malformed.
 *
 * @param now milliseconds since the epoch.
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text), MAX_SECONDS);
  // All three date forms of HTTP begin with the name of the day; Date.parse alone would take much more.
  if (text.length > 64 || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(Math.ceil((at - now) / 1000), 0), MAX_SECONDS);
}
