import type { Socket } from 'node:net';
import type { ClientAddressReader } from '../http/client-address.ts';
import { addressBytes } from '../wire/compact-peers.ts';

/** Who asks. */
export interface Asker {
  /** Its address, 4 or 16 bytes; undefined: it cannot be read. */
  readonly bytes: Uint8Array | undefined;
  /** Whom limits count it for. */
  readonly client: string;
  /** The address at which it has reached us, 4 or 16 bytes; undefined: that cannot be told, or a proxy stands between. */
  readonly reachedAt: Uint8Array | undefined;
}

/** Who is at the other end of a connection, after trusted proxies. */
export function askerOf(
  addressOf: ClientAddressReader,
  { remoteAddress, localAddress }: Ends,
  forwarded: string | string[] | undefined,
): Asker {
  const hops = typeof forwarded === 'string' ? forwarded : forwarded?.join(',');
  const { address, client, proxied } = addressOf(remoteAddress, hops);
  const reachedAt = proxied ? undefined : addressBytes(plainAddress(localAddress ?? ''));
  return { bytes: address === undefined ? undefined : addressBytes(address), client, reachedAt };
}

/** The two ends of a connection. */
type Ends = Pick<Socket, 'remoteAddress' | 'localAddress'>;

/** The same where nobody stands between: IPv4, which most connections are, without the look-ups and patterns that cost more than an announce. */
export function directAskerOf(addressOf: ClientAddressReader, socket: Socket): Asker {
  const text = plainAddress(socket.remoteAddress ?? '');
  const bytes = plainIpv4(text);
  if (!bytes) return askerOf(addressOf, socket, undefined);
  return {
    bytes,
    client: text,
    // Asked for where it is needed only: it is a system call.
    get reachedAt() {
      return plainIpv4(plainAddress(socket.localAddress ?? ''));
    },
  };
}

/** IPv4 as such, where a socket for both kinds says `::ffff:1.2.3.4`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** The bytes of an IPv4 address; undefined for everything else. */
export function plainIpv4(text: string): Uint8Array | undefined {
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
