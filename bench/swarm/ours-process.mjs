/** One peer of a measurement, as `libtorrent_bench.py`, with what users run: dist/. Plain JavaScript: stripping types costs 20 MB. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createClient } from '../../dist/client/create-client.js';

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
  console.log(JSON.stringify({ seconds, cpu: cpu() - before, anon: memory('RssAnon'), peak: memory('VmHWM') }));
}
await client.close();

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** MB. */
function memory(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
}
