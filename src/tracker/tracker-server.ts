import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SwarmError } from '../errors.ts';
import { limitConnections } from '../http/connection-limits.ts';
import { createTracker, type Tracker, type TrackerSettings } from './create-tracker.ts';

/** A tracker with a server of its own. */
export interface RunningTracker extends AsyncDisposable {
  readonly tracker: Tracker;
  readonly host: string;
  /** Of HTTP, WebSocket and UDP. */
  readonly port: number;
  close(): Promise<void>;
}

// Announces are short; who sends one byte after the other is no client.
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2000,
};
/** WebSockets among them. A thousand clients behind one NAT have five each. */
const CONNECTIONS = { maxConnections: 100_000, maxConnectionsPerClient: 5000 };
const LARGEST_HEADER = 16 * 1024;

/**
 * Starts a tracker on a port: HTTP and WebSocket over TCP, and UDP on the same number. `GET /-/health` says 200, `GET /-/api/tracker` how it stands.
 * Rejects with CONFIG when the port is taken.
 */
export async function startTracker(
  settings: TrackerSettings & { readonly host: string; readonly port: number; readonly udp?: boolean },
): Promise<RunningTracker> {
  const { host, port, udp = true, limits = 'usual' } = settings;
  const tracker = createTracker(settings);
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: LARGEST_HEADER }, (incoming, outgoing) => {
    if (tracker.handle(incoming, outgoing)) return;
    const { url } = incoming;
    if (url === '/-/health') outgoing.writeHead(200).end('{"status":"ok"}');
    else if (url === '/-/api/tracker') outgoing.writeHead(200, JSON_HEADERS).end(JSON.stringify(tracker.stats()));
    else outgoing.writeHead(404).end('This is a BitTorrent tracker: /announce and /scrape.\n');
  });
  server.on('upgrade', (incoming, stream, head) => {
    if (!tracker.upgrade(incoming, stream, head)) stream.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
  tracker.attach(server);
  if (limits === 'usual') limitConnections(server, { ...CONNECTIONS, trustedProxies: settings.trustedProxies ?? [] });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    await tracker.close();
    server.closeAllConnections();
    await closed;
  };
  try {
    server.listen(port, host);
    await once(server, 'listening').catch((cause: unknown) => {
      throw new SwarmError('CONFIG', `Port ${port} on ${host} cannot be opened; choose another port.`, { cause });
    });
    const address = server.address() as AddressInfo;
    if (udp) await tracker.listenUdp(host, address.port);
    return { tracker, host: address.address, port: address.port, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
