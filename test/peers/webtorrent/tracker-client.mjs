// bittorrent-tracker's own client: tracker-client.mjs ANNOUNCE-URL INFO-HASH PORT. Goes through what its own tests do, and prints what it hears as JSON lines.
import { Client } from 'bittorrent-tracker';

const [announce, infoHash, port] = process.argv.slice(2);
const peerId = Buffer.from(`-WW0001-client${port}`.padEnd(20, '0').slice(0, 20)).toString('hex');
let left = 1000;
const client = new Client({
  infoHash,
  peerId,
  announce: [announce],
  port: Number(port),
  getAnnounceOpts: () => ({ uploaded: 0, downloaded: 0, left, numwant: 10 }),
});
const say = (event, data) => process.stdout.write(`${JSON.stringify({ event, data })}\n`);
client.on('error', (error) => say('error', error.message));
client.on('warning', (error) => say('warning', error.message));
client.on('peer', (peer) => say('peer', typeof peer === 'string' ? peer : 'webrtc'));
const once = (name) =>
  new Promise((resolve) =>
    client.once(name, ({ complete, incomplete, downloaded, interval }) => {
      say(name, { complete, incomplete, downloaded, interval });
      resolve();
    }),
  );
const turn = async (name, action) => {
  const heard = once(name);
  action();
  await heard;
};

await turn('update', () => client.start());
await turn('update', () => client.update());
await turn('scrape', () => client.scrape());
left = 0;
await turn('update', () => client.complete());
await turn('scrape', () => client.scrape());
if (process.argv[5] !== 'stay') await turn('update', () => client.stop());
else await new Promise((resolve) => process.stdin.once('data', resolve).once('end', resolve));
client.destroy();
setTimeout(() => process.exit(0), 500);
