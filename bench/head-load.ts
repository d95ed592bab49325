import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HeadLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Milliseconds between requests of one connection. Default: the next one follows the answer at once. */
  readonly pause?: number;
}

/**
 * Sends HEAD requests over raw sockets, one at a time per connection, and resolves with the milliseconds that each took.
 * It parses no more than the status and the end of the head, so that the client costs less than any server. Throws when
 * an answer is not 200.
 */
export async function headLatencies(load: HeadLoad): Promise<number[]> {
  const { hostname, port, pathname, host } = new URL(load.url);
  const request = `HEAD ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const end = performance.now() + load.seconds * 1000;
  const latencies: number[] = [];
  const worker = async (): Promise<void> => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    while (performance.now() < end) {
      const started = performance.now();
      socket.write(request);
      const head = await readHead(socket);
      if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`HEAD ${load.url}: ${head.split('\r\n')[0]}`);
      latencies.push(performance.now() - started);
      if (load.pause !== undefined) await new Promise((resolve) => setTimeout(resolve, load.pause));
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: load.connections }, worker));
  return latencies;
}

function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    const settle = (error?: Error) => {
      socket.off('data', take).off('error', settle).off('close', closed);
      if (error) reject(error);
      else resolve(head);
    };
    const closed = () => settle(new Error('the server closed the connection'));
    const take = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (head.endsWith('\r\n\r\n')) settle();
    };
    socket.on('data', take).on('error', settle).on('close', closed);
  });
}
