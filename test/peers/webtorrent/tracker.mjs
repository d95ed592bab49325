// A tracker over HTTP (IPv4 and IPv6) and UDP on this machine, until its input ends. Writes its ports as JSON.
import { Server } from 'bittorrent-tracker';

const server = new Server({ http: true, udp: true, ws: false, stats: false });
server.on('error', (error) => console.error(error));
server.listen(0, { http: '::', udp4: '127.0.0.1', udp6: '::1' }, () => {
  console.log(JSON.stringify({ http: server.http.address().port, udp4: server.udp4.address().port }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
