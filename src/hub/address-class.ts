import { BlockList, isIP } from 'node:net';

/**
 * `public`: anybody's server. `internal`: this machine, a private network, a carrier's NAT: reachable only for an
 * upstream that is internal itself. `forbidden`: never a server (link-local with its metadata services, multicast,
 * reserved, documentation).
 */
export type AddressClass = 'public' | 'internal' | 'forbidden';

// IANA special-purpose address registries. 198.18.0.0/15 counts as internal because local DNS proxies answer with it.
const INTERNAL: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
];
const FORBIDDEN: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];
const GLOBAL_UNICAST: readonly [string, number, 'ipv6'][] = [['2000::', 3, 'ipv6']];

function blockList(subnets: readonly [string, number, 'ipv4' | 'ipv6'][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

const internal = blockList(INTERNAL);
const forbidden = blockList(FORBIDDEN);
const globalUnicast = blockList(GLOBAL_UNICAST);

/** The eight 16-bit groups of an IPv6 address; undefined for one with a zone. */
function groupsOf(address: string): number[] | undefined {
  if (!URL.canParse(`http://[${address}]`)) return undefined;
  // The URL parser writes every spelling, also with a dotted IPv4 tail, as compressed hexadecimal.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].map((group) => Number.parseInt(group, 16));
}

/** The IPv4 address that an IPv6 address stands for: v4-mapped, NAT64 (64:ff9b::/96), 6to4 (2002::/16). */
function embeddedIpv4(groups: readonly number[]): string | undefined {
  const dotted = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const [a, b, , , , f] = groups;
  const middleIsZero = groups.slice(2, 5).every((group) => group === 0);
  if (a === 0 && b === 0 && middleIsZero && f === 0xffff) return dotted(groups[6], groups[7]);
  if (a === 0x64 && b === 0xff9b && middleIsZero && f === 0) return dotted(groups[6], groups[7]);
  if (a === 0x2002) return dotted(groups[1], groups[2]);
  return undefined;
}

/**
 * What kind of address this is. IPv6 addresses that stand for an IPv4 address are judged by it.
 *
 * @param address as text, without brackets; anything that is no IP address is `forbidden`.
 */
export function classifyAddress(address: string): AddressClass {
  const version = isIP(address);
  if (version === 4) {
    if (internal.check(address, 'ipv4')) return 'internal';
    return forbidden.check(address, 'ipv4') ? 'forbidden' : 'public';
  }
  const groups = version === 6 ? groupsOf(address) : undefined;
  if (!groups) return 'forbidden';
  const ipv4 = embeddedIpv4(groups);
  if (ipv4 !== undefined) return classifyAddress(ipv4);
  if (internal.check(address, 'ipv6')) return 'internal';
  return globalUnicast.check(address, 'ipv6') && !forbidden.check(address, 'ipv6') ? 'public' : 'forbidden';
}
