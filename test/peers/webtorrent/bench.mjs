// One peer of a measurement, as bench/swarm/libtorrent_bench.py: bench.mjs FILE.torrent FOLDER seed|leech. Prints its port; a leecher begins with
// the line `go HOST:PORT ...` on stdin and prints a JSON line when it has everything. Ends with its stdin.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import WebTorrent from 'webtorrent';

const [file, path, role] = process.argv.slice(2);
const client = new WebTorrent({ dht: false, lsd: false, tracker: false, utp: false, natUpnp: false, natPmp: false });
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
if (role === 'seed') {
  const torrent = client.add(file, { path, skipVerify: true });
  await new Promise((resolve) => torrent.on('ready', resolve));
}
if (!client.listening) await new Promise((resolve) => client.on('listening', resolve));
console.log(client.torrentPort);
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...peers] = line.split(' ').filter((part) => part !== '');
  if (word !== 'go') continue;
  const [begun, before] = [performance.now(), cpu()];
  const torrent = client.add(file, { path });
  torrent.on('infoHash', () => {
    for (const peer of peers) torrent.addPeer(peer);
  });
  await new Promise((resolve) => torrent.on('done', resolve));
  const seconds = (performance.now() - begun) / 1000;
  console.log(JSON.stringify({ seconds, cpu: cpu() - before, anon: memory('RssAnon'), peak: memory('VmHWM') }));
}
process.exit(0);

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function memory(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
}
