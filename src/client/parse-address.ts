import type { PeerAddress } from '../contracts/connection.ts';
import { SwarmError } from '../errors.ts';

/** Reads `host:port` or `[address]:port`. Throws CONFIG when it is neither. */
export function parseAddress(text: string): PeerAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw new SwarmError('CONFIG', `"${text}" is no peer: a peer looks like 192.0.2.7:6881 or [2001:db8::7]:6881.`);
  return { host, port };
}
