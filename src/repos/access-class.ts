import { createHmac, randomBytes } from 'node:crypto';

/**
 * Whom an answer of the Hub was given to: `anonymous`, or one token, by its keyed hash. Answers are never shared
 * between classes, and tokens themselves are not kept.
 */
export type AccessClass = string;

export const ANONYMOUS: AccessClass = 'anonymous';

/** `hmacKey`: 32 random bytes of this process by default, so that hashes of tokens mean nothing elsewhere. */
export function createAccessClasses(hmacKey: Uint8Array = randomBytes(32)): (token: string | undefined) => AccessClass {
  return (token) => (token === undefined ? ANONYMOUS : createHmac('sha256', hmacKey).update(token).digest('base64url'));
}
