import { once } from 'node:events';
import { createServer as createHttpServer, type ServerOptions as HttpServerOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { SwarmError } from '../errors.ts';
import { limitConnections } from '../http/connection-limits.ts';
import { createNodeListener } from '../http/node-listener.ts';
import { createPace } from './bandwidth.ts';
import type { ServerOptions } from './options.ts';
import { createService, type Service } from './service.ts';
import { type ServerSettings, serverSettings } from './validate-options.ts';

/** A server that listens. */
export interface RunningServer extends AsyncDisposable {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /**
   * Stops accepting, lets running answers finish for `shutdownTimeout` at most, puts running downloads aside for the next
   * start, and closes everything. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * A mirror with a server of its own:
 *
 *     const server = await createServer({ port: 0, dataDir: '/var/lib/models' }).listen();
 *     console.log(server.url);
 *     await server.close();
 *
 * Throws CONFIG, naming the option that is wrong. `listen()` opens the data directory, then the port; it throws
 * DATA_DIR_LOCKED when another process uses the directory, DATA_DIR_FORMAT when a newer version wrote it, and CONFIG when
 * the port is taken.
 */
export function createServer(options: ServerOptions = {}): { listen(): Promise<RunningServer> } {
  const settings = serverSettings(options);
  return { listen: () => listen(settings) };
}

async function listen(settings: ServerSettings): Promise<RunningServer> {
  const { logger, clock, shutdownTimeout } = settings;
  const service = createService(settings);
  const { hot, tracker } = await service.open();
  const listener = createNodeListener({
    fetch: service.app.fetch,
    logger,
    clock,
    hot,
    hotCaller: (incoming) => service.admit(incoming).caller,
    pace: createPace({
      total: settings.bandwidth,
      perClient: settings.clientBandwidth,
      clientOf: ({ req }) => service.admit(req).caller?.client ?? '',
      clock,
    }),
  });
  // Announces are many and small: they are answered before there is a router.
  const server = createHttpServer(TIMEOUTS, (incoming, outgoing) => {
    if (!tracker?.tracker.handle(incoming, outgoing)) void listener(incoming, outgoing);
  });
  server.on('upgrade', (incoming, stream, head) => {
    if (!tracker?.tracker.upgrade(incoming, stream, head))
      stream.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
  server.setTimeout(SILENCE_MS);
  limitConnections(server, settings);
  try {
    await bind(server, settings.host, settings.port);
  } catch (error) {
    await service.close();
    throw error;
  }
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  service.listensOn(reachableUrl(address, url, port), { host: address, port });
  await tracker?.listenUdp(settings.host, port);
  logger.info({ url, upstream: settings.upstream, dataDir: settings.dataDir }, 'listening');
  let closing: Promise<void> | undefined;
  const close = () => {
    // Its sockets are not the server's any more, and would keep it open.
    closing ??= Promise.all([tracker?.close(), shutDown(server, service, shutdownTimeout)]).then(() =>
      logger.info({ url }, 'closed'),
    );
    return closing;
  };
  return { url, host: address, port, close, [Symbol.asyncDispose]: close };
}

/** On all addresses the machine's name is the best that can go into a torrent; `publicUrl` is better. */
function reachableUrl(address: string, url: string, port: number): string {
  return address === '0.0.0.0' || address === '::' ? `http://${hostname()}:${port}` : url;
}

// Against clients that hold connections without using them; none of these ends a long download.
const TIMEOUTS: HttpServerOptions = {
  headersTimeout: 30_000,
  // Until the whole request is in (our largest one is a list of paths).
  requestTimeout: 120_000,
  // Longer than the 60 s for which nginx and most load balancers keep a connection, so that it is they who end it.
  keepAliveTimeout: 75_000,
  maxHeaderSize: 32 * 1024,
};

/** A connection on which not one byte has moved for so long belongs to nobody any more. */
const SILENCE_MS = 10 * 60_000;

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = BIND_FAILURES[error.code ?? ''] ?? 'cannot be used';
      reject(new SwarmError('CONFIG', `Port ${port} on ${host} ${reason}.`, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
}

const BIND_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; choose another port, or 0 for a free one',
  EACCES: 'needs more rights than this process has; choose one above 1023',
  EADDRNOTAVAIL: 'cannot be used: this machine does not have that address',
  ENOTFOUND: 'cannot be used: that name has no address',
};

/** Ends a server: no new connections, `timeout` milliseconds for running answers, then everything. */
async function shutDown(server: Server, service: Service, timeout: number): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  // A connection must not stay for its next request: neither one that asks again at once, nor one that waits.
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), timeout);
  await ended;
  clearInterval(idle);
  clearTimeout(deadline);
  await service.close();
}
