import type { ClientAddressReader } from '../http/client-address.ts';
import { addressBytes } from '../wire/compact-peers.ts';

/** Who asks. */
export interface Asker {
  /** Its address, 4 or 16 bytes; undefined: it cannot be read. */
  readonly bytes: Uint8Array | undefined;
  /** Whom limits count it for. */
  readonly client: string;
}

/** Who is at the other end of a connection, after trusted proxies. */
export function askerOf(
  addressOf: ClientAddressReader,
  remote: string | undefined,
  forwarded: string | string[] | undefined,
): Asker {
  const { address, client } = addressOf(remote, typeof forwarded === 'string' ? forwarded : forwarded?.join(','));
  return { bytes: address === undefined ? undefined : addressBytes(address), client };
}

/** The same where nobody stands between: IPv4, which most connections are, without the look-ups and patterns that cost more than an announce. */
export function directAskerOf(addressOf: ClientAddressReader, remote: string | undefined): Asker {
  const text = remote?.startsWith('::ffff:') ? remote.slice(7) : remote;
  const bytes = text === undefined ? undefined : plainIpv4(text);
  return bytes && text !== undefined ? { bytes, client: text } : askerOf(addressOf, remote, undefined);
}

function plainIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let part = 0;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      bytes[part++] = value;
      value = 0;
    } else if (code >= 48 && code <= 57) value = value * 10 + code - 48;
    else return undefined;
  }
  bytes[part] = value;
  return part === 3 ? bytes : undefined;
}
