import { readFile } from 'node:fs/promises';

/** The IPv4 address of the router behind the default route, as Linux tells it; undefined elsewhere, or when there is none. */
export async function routerAddress(): Promise<string | undefined> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '');
  return parseRouteTable(table);
}

/** Reads `/proc/net/route`: columns Iface, Destination, Gateway ..., addresses in hex, the last byte first. */
export function parseRouteTable(table: string): string | undefined {
  for (const line of table.split('\n')) {
    const [, destination, gateway = ''] = line.split('\t');
    if (destination !== '00000000' || !/^[0-9A-F]{8}$/i.test(gateway) || gateway === '00000000') continue;
    const bytes = gateway.match(/../g) ?? [];
    return bytes
      .reverse()
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  }
  return undefined;
}
