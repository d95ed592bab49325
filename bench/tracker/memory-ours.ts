/** Bytes per peer of our tracker: memory-ours.ts PEERS SWARMS. Announces come in by the code that HTTP announces come in by. Prints heap with buffers, and RSS. */
import { createHttpTracker } from './ours.ts';

const [peers = 0, swarms = 1] = process.argv.slice(2).map(Number);
const tracker = await createHttpTracker();
const read = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
};
const before = read();
for (let peer = 0; peer < peers; peer++) {
  const swarm = (peer % swarms).toString(16).padStart(40, '0').replace(/../g, '%$&');
  const id = String(peer).padStart(20, '0');
  const bytes = Uint8Array.of(10, (peer >> 16) & 255, (peer >> 8) & 255, peer & 255);
  tracker.answer(`/announce?info_hash=${swarm}&peer_id=${id}&port=6881&left=1&numwant=0`, {
    bytes,
    client: '',
    reachedAt: undefined,
  });
}
const after = read();
if (tracker.peers() !== peers) throw new Error(`${tracker.peers()} of ${peers} peers are there`);
console.log(`${Math.round((after.heap - before.heap) / peers)} ${Math.round((after.rss - before.rss) / peers)}`);
