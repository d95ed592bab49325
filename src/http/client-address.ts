import { BlockList, isIP, isIPv6 } from 'node:net';
import { SwarmError } from '../errors.ts';

/** Who is at the other end of a connection, once trusted proxies have had their say. */
export interface ClientAddress {
  /** The address itself, in lower case, IPv4 as such; undefined: it cannot be read. */
  readonly address: string | undefined;
  /** IPv4 address, or the /64 network of an IPv6 address: what limits and budgets count by. */
  readonly client: string;
  /** The connection itself comes from a trusted proxy. */
  readonly proxied: boolean;
}

export type ClientAddressReader = (remote: string | undefined, forwardedFor: string | undefined) => ClientAddress;

// A chain longer than this is a forgery, not a deployment.
const MAX_HOPS = 16;

/**
 * Makes the function that names the client of a connection. `X-Forwarded-For` is read from the right, and only as long
 * as the hop that wrote it is trusted, so a client cannot name itself.
 * `trusted`: addresses or CIDR networks, IPv4 or IPv6. Throws CONFIG for anything else.
 */
export function createClientAddressReader(trusted: readonly string[]): ClientAddressReader {
  const proxies = new BlockList();
  for (const network of trusted) addNetwork(proxies, network);
  const isTrusted = (address: string) => proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

  return (remote, forwardedFor) => {
    let address = plainAddress(remote ?? '');
    if (address === undefined) return { address: undefined, client: 'unknown', proxied: false };
    const proxied = isTrusted(address);
    const hops = forwardedFor === undefined ? [] : forwardedFor.split(',').slice(-MAX_HOPS);
    while (isTrusted(address)) {
      const hop = plainAddress(hops.pop() ?? '');
      if (hop === undefined) break;
      address = hop;
    }
    return { address, client: limitKey(address), proxied };
  };
}

/** Is this the address of the machine itself? */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain !== undefined && (plain === '::1' || /^127\./.test(plain));
}

/** Throws CONFIG when `text` is not an address or a CIDR network. */
export function addNetwork(list: BlockList, text: string): void {
  const [address = '', bits, ...rest] = text.trim().split('/');
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? longest : Number(bits);
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits ?? '0') || prefix > longest) {
    throw new SwarmError('CONFIG', `"${text}" is not an IP address or a CIDR network like 10.0.0.0/8 or fd00::/8.`);
  }
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
}

// Proxies write `1.2.3.4`, `1.2.3.4:5678`, `::1`, `[::1]:5678`; dual-stack sockets say `::ffff:1.2.3.4`.
function plainAddress(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](:\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(bare) === 0 ? undefined : bare.toLowerCase();
}

// One household or one server owns a whole /64, so counting single IPv6 addresses would count nobody.
function limitKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
