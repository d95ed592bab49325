import { createHmac, timingSafeEqual } from 'node:crypto';

/** What the second origin is asked to serve. */
export interface SignedTarget {
  /** The repo's object id, which survives renames. */
  readonly objectId: string;
  /** Xet hash, or SHA-256 where Xet is off. */
  readonly hash: string;
  readonly contentDisposition: string;
}

/**
 * Makes the URL that the Hub redirects LFS files to. It works without a token, for whoever has it, until it expires.
 * @param expires seconds since the epoch
 */
export function signUrl(cdnUrl: string, target: SignedTarget, expires: number, key: string): string {
  const policy = Buffer.from(
    JSON.stringify({ Statement: [{ Condition: { DateLessThan: { 'AWS:EpochTime': expires } } }] }),
  ).toString('base64url');
  const query = new URLSearchParams({
    'X-Xet-Cas-Uid': 'public',
    'response-content-disposition': target.contentDisposition,
    Expires: String(expires),
    Policy: policy,
  });
  const unsigned = `/xet-bridge-us/${target.objectId}/${target.hash}?${query}`;
  return `${cdnUrl}${unsigned}&Signature=${sign(unsigned, key)}`;
}

/**
 * Checks the path and query of a signed URL.
 * @param now seconds since the epoch
 * @returns undefined when the URL was changed, is not signed, or has expired
 */
export function readSignedUrl(pathAndQuery: string, now: number, key: string): SignedTarget | undefined {
  const match = /^(\/xet-bridge-us\/([0-9a-f]{24})\/([0-9a-f]{64})\?(.*))&Signature=([\w-]+)$/.exec(pathAndQuery);
  if (!match) return undefined;
  const [, unsigned = '', objectId = '', hash = '', query = '', signature = ''] = match;
  const expected = Buffer.from(sign(unsigned, key));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const parameters = new URLSearchParams(query);
  if (Number(parameters.get('Expires')) <= now) return undefined;
  return { objectId, hash, contentDisposition: parameters.get('response-content-disposition') ?? 'inline' };
}

const sign = (text: string, key: string): string => createHmac('sha256', key).update(text).digest('base64url');
