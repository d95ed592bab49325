// Downloads a torrent and ends: download.mjs FILE.torrent FOLDER [HOST:PORT of a peer]
import WebTorrent from 'webtorrent';

const [file, path, peer] = process.argv.slice(2);
const client = new WebTorrent({ dht: false, lsd: false, tracker: false, utp: false, natUpnp: false, natPmp: false });
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
const torrent = client.add(file, { path });
torrent.on('infoHash', () => peer && torrent.addPeer(peer));
torrent.on('done', () => {
  console.log(torrent.infoHash);
  process.exit(0);
});
