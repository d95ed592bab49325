import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** A way to the neighbours: an interface with one of its addresses. */
export interface LocalInterface {
  readonly family: 4 | 6;
  /** IPv6 with its zone, when it is link-local. */
  readonly address: string;
}

const neighbours = new BlockList();
neighbours.addSubnet('10.0.0.0', 8, 'ipv4');
neighbours.addSubnet('127.0.0.0', 8, 'ipv4');
neighbours.addSubnet('169.254.0.0', 16, 'ipv4');
neighbours.addSubnet('172.16.0.0', 12, 'ipv4');
neighbours.addSubnet('192.168.0.0', 16, 'ipv4');
neighbours.addAddress('::1', 'ipv6');
neighbours.addSubnet('fe80::', 10, 'ipv6');
neighbours.addSubnet('fc00::', 7, 'ipv6');

/** Can this be the address of a neighbour: private, link-local, or this machine's own? */
export function isNeighbour(address: string): boolean {
  const [bare = ''] = address.split('%');
  return neighbours.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
}

/** The machine's interfaces but the loopback: each with its first IPv4 address and its first link-local IPv6 address. */
export function localInterfaces(): readonly LocalInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]): LocalInterface[] => {
    const outside = addresses.filter(({ internal }) => !internal);
    const four = outside.find(({ family }) => family === 'IPv4');
    const six = outside.find(({ family, address }) => family === 'IPv6' && address.startsWith('fe80:'));
    return [
      ...(four ? [{ family: 4, address: four.address } as const] : []),
      ...(six ? [{ family: 6, address: `${six.address}%${name}` } as const] : []),
    ];
  });
}
