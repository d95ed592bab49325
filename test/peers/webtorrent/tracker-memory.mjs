// Bytes per peer of bittorrent-tracker, without its cap of 1000 peers per swarm: tracker-memory.mjs PEERS SWARMS. Prints heap with buffers, and RSS.
import { Server } from 'bittorrent-tracker';

const [peers, swarms] = process.argv.slice(2).map(Number);
const server = new Server({ http: false, udp: false, ws: false, stats: false, peersCacheLength: 10_000_000 });
const read = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
};
const before = read();
for (let peer = 0; peer < peers; peer++) {
  const infoHash = (peer % swarms).toString(16).padStart(40, '0');
  const swarm =
    server.torrents[infoHash] ??
    (await new Promise((resolve) => server.createSwarm(infoHash, (_, made) => resolve(made))));
  const ip = `10.${(peer >> 16) & 255}.${(peer >> 8) & 255}.${peer & 255}`;
  const params = { type: 'http', event: 'started', ip, port: 6881, addr: `${ip}:6881`, left: 1, numwant: 0 };
  await new Promise((resolve) => swarm.announce({ ...params, peer_id: String(peer).padStart(40, '0') }, resolve));
}
const after = read();
console.log(`${Math.round((after.heap - before.heap) / peers)} ${Math.round((after.rss - before.rss) / peers)}`);
process.exit(0);
