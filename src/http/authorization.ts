import { createHmac, randomBytes } from 'node:crypto';

/**
 * The bearer token of an `Authorization` header, or undefined when there is none. Other schemes count as none: they
 * give no rights on the Hub's file and API routes.
 */
export function bearerToken(authorization: string | null | undefined): string | undefined {
  if (!authorization) return undefined;
  return /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization.trim())?.[1];
}

/** Names callers in tables: '' for an anonymous one, else a keyed hash, so that no table holds a token. */
export type CallerKeys = (token: string | undefined) => string;

/** Caller keys of this process; the key is drawn now and never leaves it. */
export function createCallerKeys(): CallerKeys {
  const secret = randomBytes(32);
  return (token) => (token === undefined ? '' : createHmac('sha256', secret).update(token).digest('base64url'));
}
