/**
 * A TCP proxy on loopback that behaves like a long, thin or broken line: latency in both directions, one bandwidth
 * cap for all connections together, cuts and stalls. The kernels that we test on have no `netem`, so this is user space.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createDelayLine, type DelayLine } from './delay-line.ts';

/** What the line does. All of it can be changed while connections are open. */
export interface Pace {
  /** Milliseconds that each byte takes, in either direction: a round trip takes twice this. */
  readonly delay?: number;
  /** Bytes per second from the target to clients, all connections together. No cap when left out. */
  readonly bytesPerSecond?: number;
  /** Each connection is cut after this many bytes from the target. */
  readonly cutAfter?: number;
  /** Each connection falls silent after this many bytes from the target, but stays open. */
  readonly stallAfter?: number;
  /** `close` ends a cut connection in an orderly way (FIN), `reset` does not (RST). Default `reset`. */
  readonly cut?: 'close' | 'reset';
  /** New connections are cut before the target sees them. */
  readonly refuse?: boolean;
}

export interface PacedProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Connections that are open now, and all that were ever accepted. */
  readonly connections: { readonly open: number; readonly accepted: number };
  /** Bytes that have reached clients from the target. */
  readonly bytes: number;
  /** Replaces the pace as a whole; connections that are open follow it from their next byte on. */
  setPace(pace: Pace): void;
  /** Cuts every connection that is open now. */
  cutAll(how?: 'close' | 'reset'): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy on 127.0.0.1 in front of `target` (`http://127.0.0.1:8080`; only its host and port matter).
 * A new connection's first bytes wait one round trip longer, as they would for a TCP handshake on a real line.
 */
export async function startPacedProxy(target: string, initial: Pace = {}): Promise<PacedProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<Pair>();
  const cap = createCap(() => pace.bytesPerSecond);
  let pace = initial;
  let accepted = 0;
  let bytes = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted += 1;
    if (pace.refuse) return cutSocket(client, pace.cut);
    const upstream = connect({ host: hostname, port: Number(targetPort), allowHalfOpen: true, noDelay: true });
    const pair: Pair = { client, upstream, lines: [] };
    pairs.add(pair);
    let received = 0;
    const delay = () => pace.delay ?? 0;
    const up = createDelayLine(client, upstream, { delay, handshake: () => 2 * delay() });
    const down = createDelayLine(upstream, client, {
      delay,
      async admit(length) {
        const left = Math.min(pace.cutAfter ?? Infinity, pace.stallAfter ?? Infinity) - received;
        const granted = Math.min(length, Math.max(left, 0));
        if (granted === 0) return pace.stallAfter === undefined ? 'cut' : 'stall';
        await cap.take(granted);
        received += granted;
        bytes += granted;
        return granted;
      },
      onCut: () => cutPair(pair, pace.cut),
    });
    pair.lines.push(up, down);
    const drop = () => {
      if (client.closed && upstream.closed) pairs.delete(pair);
      if (client.errored || upstream.errored) cutPair(pair, 'reset');
    };
    for (const socket of [client, upstream]) socket.on('error', drop).on('close', drop);
  });

  await listen(server);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no TCP port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    get connections() {
      return { open: pairs.size, accepted };
    },
    get bytes() {
      return bytes;
    },
    setPace(next) {
      pace = next;
      for (const pair of pairs) for (const line of pair.lines) line.wake();
    },
    cutAll(how) {
      for (const pair of pairs) cutPair(pair, how);
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const pair of pairs) cutPair(pair, 'reset');
      return closed;
    },
  };
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly lines: DelayLine[];
}

function cutPair(pair: Pair, how: 'close' | 'reset' = 'reset'): void {
  for (const line of pair.lines) line.stop();
  cutSocket(pair.client, how);
  pair.upstream.destroy();
}

function cutSocket(socket: Socket, how: 'close' | 'reset' = 'reset'): void {
  if (how === 'reset') socket.resetAndDestroy();
  else socket.end(() => socket.destroy());
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
}

/** Hands out bytes at a rate: `take` resolves when the line would have sent them. Callers are served in turn. */
function createCap(rate: () => number | undefined): { take(bytes: number): Promise<void> } {
  // Timers fire late by a millisecond or more; a debt of 8 ms lets the average rate come out right all the same.
  const slack = 8;
  let free = 0;
  return {
    async take(bytes) {
      const perSecond = rate();
      if (perSecond === undefined) return;
      const now = performance.now();
      free = Math.max(free, now - slack) + (bytes / perSecond) * 1000;
      const wait = free - now;
      if (wait >= 1) await new Promise((resolve) => setTimeout(resolve, wait));
    },
  };
}
