/** One peer of a measurement, as `libtorrent_bench.py`, with what users run: dist/. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createClient } from '../../dist/client/create-client.js';
import { memory } from '../measure.ts';

const [path = '', folder = '', role = '', ...webSeeds] = process.argv.slice(2);
const client = await createClient({ host: '127.0.0.1', dht: false, lsd: false, trackers: false });
const isSeed = role === 'seed';
const bytes = new Uint8Array(readFileSync(path));
const seeded = isSeed ? await client.add(bytes, { to: folder, isComplete: true, readOnly: true }) : undefined;
await seeded?.ready();
console.log(client.port);

for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...peers] = line.split(' ').filter((part) => part !== '');
  if (word === 'stats') console.log(JSON.stringify({ sent: client.status().torrents[0]?.uploaded ?? 0 }));
  if (word !== 'go') continue;
  const [begun, before] = [performance.now(), cpu()];
  const torrent = await client.add(bytes, { to: folder, webSeeds, peers });
  await torrent.done();
  const seconds = (performance.now() - begun) / 1000;
  const { peak } = memory(process.pid);
  console.log(JSON.stringify({ seconds, cpu: cpu() - before, anon: anonymous(), peak }));
}
await client.close();

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function anonymous(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
}
