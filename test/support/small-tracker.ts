import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

/** A tracker over HTTP that tells everybody of everybody else: IPv4, compact, no memory of who left. */
export async function smallTracker(host: string): Promise<string> {
  const swarms = new Map<string, Map<string, Buffer>>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://tracker');
    // Raw bytes, which are no UTF-8: as they stand in the query.
    const infoHash = unescape(/[?&]info_hash=([^&]*)/.exec(request.url ?? '')?.[1] ?? '');
    const port = Number(url.searchParams.get('port'));
    const address = (request.socket.remoteAddress ?? '').replace('::ffff:', '');
    const swarm = swarms.get(infoHash) ?? new Map<string, Buffer>();
    swarms.set(infoHash, swarm);
    const others = [...swarm].filter(([key]) => key !== `${address}:${port}`).map(([, peer]) => peer);
    swarm.set(`${address}:${port}`, Buffer.from([...address.split('.').map(Number), port >> 8, port & 255]));
    const peers = Buffer.concat(others);
    response.end(Buffer.concat([Buffer.from(`d8:intervali2e5:peers${peers.length}:`), peers, Buffer.from('e')]));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://${host}:${address.port}/announce`;
}
