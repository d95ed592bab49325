import { hash, timingSafeEqual } from 'node:crypto';

/**
 * A client token opens this mirror, and nothing at the Hub. It looks like a Hub token, because llama.cpp sends only
 * such ones (`hf_`, letters and digits, 37 to 256 characters). A Hub token has 37, and may begin with `hf_msw` by chance; a
 * client token has 40 or more. So the two are told apart, and neither is ever sent to the wrong side.
 */
export const CLIENT_TOKEN: RegExp = /^hf_msw[A-Za-z0-9]{34,250}$/;

/** The request header for callers that send a Hub token as their Bearer token. */
export const CLIENT_TOKEN_HEADER = 'x-modelswarm-client-token';

/** Is it a token of some mirror (whether of this one is another question)? Such a token must not reach the Hub. */
export function looksLikeClientToken(token: string): boolean {
  return CLIENT_TOKEN.test(token);
}

/** Makes the check of a presented token against those of the operator, in a time that does not depend on either. */
export function createClientTokenCheck(tokens: readonly string[]): (presented: string | undefined) => boolean {
  const known = tokens.map((token) => hash('sha256', token, 'buffer'));
  return (presented) => {
    if (presented === undefined) return false;
    const digest = hash('sha256', presented, 'buffer');
    let found = false;
    for (const other of known) if (timingSafeEqual(digest, other)) found = true;
    return found;
  };
}
