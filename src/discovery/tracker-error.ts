import { SwarmError } from '../errors.ts';

/** Longer than any word that is not a key. */
const LONGEST_WORD = 24;

/** A tracker's URL as it may be shown: without query and credentials, and with keys in its path cut out. */
export function trackerName(url: string): string {
  if (!URL.canParse(url)) return 'a tracker whose URL is malformed';
  const { protocol, host, pathname } = new URL(url);
  const path = pathname.split('/').map((part) => (part.length > LONGEST_WORD ? '...' : part));
  return `${protocol}//${host}${path.join('/')}`;
}

/** Why a tracker did not help. `reason` continues the sentence "The tracker X: ...". */
export function trackerFailed(
  url: string,
  reason: string,
  options: ErrorOptions & { readonly retryAfterSeconds?: number | undefined } = {},
): SwarmError {
  const { retryAfterSeconds, ...rest } = options;
  return new SwarmError('TRACKER_FAILED', `The tracker ${trackerName(url)}: ${reason}.`, {
    ...rest,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Words of a stranger as they may be shown: one line, 200 characters at most. */
export function foreignText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 1000));
  return text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
