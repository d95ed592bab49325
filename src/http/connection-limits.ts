import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createClientAddressReader } from './client-address.ts';

/**
 * Drops connections above the limits, at once and without an answer: whoever opens that many does not read answers.
 * `maxConnectionsPerClient` counts by address (by /64 network for IPv6); trusted proxies, which stand for many clients, are not counted.
 */
export function limitConnections(
  server: Server,
  options: {
    readonly maxConnections: number;
    readonly maxConnectionsPerClient?: number;
    readonly trustedProxies: readonly string[];
  },
): void {
  server.maxConnections = options.maxConnections;
  const most = options.maxConnectionsPerClient;
  if (most === undefined) return;
  const addressOf = createClientAddressReader(options.trustedProxies);
  const counts = new Map<string, number>();

  server.on('connection', (socket: Socket) => {
    const { client, proxied } = addressOf(socket.remoteAddress, undefined);
    if (proxied) return;
    const count = counts.get(client) ?? 0;
    if (count >= most) return socket.destroy();
    counts.set(client, count + 1);
    socket.once('close', () => {
      const left = (counts.get(client) ?? 1) - 1;
      if (left === 0) counts.delete(client);
      else counts.set(client, left);
    });
  });
}
