import { randomBytes } from 'node:crypto';

/** Made once per process, so that ids of two processes do not collide in one log. */
const PREFIX = randomBytes(6).toString('hex');
let count = 0;

/**
 * The id of a request: the one that a proxy in front of us gave it, if that is short and plain, else a new one.
 */
export function requestId(incoming: string | null | undefined): string {
  if (incoming && /^[\w.:=/+-]{1,128}$/.test(incoming)) return incoming;
  count += 1;
  return `${PREFIX}-${count.toString(36)}`;
}
