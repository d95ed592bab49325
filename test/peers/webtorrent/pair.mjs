// Two WebTorrent clients that know nothing but a tracker: pair.mjs ANNOUNCE-URL. Prints what the second one got of the first one's 1,000,003 bytes, and how.
import WebTorrent from 'webtorrent';

const announce = [process.argv[2]];
const bytes = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 31 + (at >> 8)) & 255));
bytes.name = 'x.bin';
const create = () => {
  const off = { dht: false, lsd: false, utp: false, natUpnp: false, natPmp: false };
  const client = new WebTorrent({ ...off, tracker: { rtcConfig: { iceServers: [] } } });
  client.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  return client;
};
create().seed(bytes, { announce }, (seed) => {
  const torrent = create().add(seed.infoHash, { announce });
  torrent.on('wire', (wire) => console.log(JSON.stringify({ wire: wire.type })));
  torrent.on('done', async () => {
    const got = Buffer.from(await (await torrent.files[0].blob()).arrayBuffer());
    console.log(JSON.stringify({ same: got.equals(bytes) }));
    process.exit(0);
  });
});
