// bittorrent-tracker: tracker-server.mjs PORT. HTTP, WebSocket and UDP, its defaults, until it is killed.
import { Server } from 'bittorrent-tracker';

const port = Number(process.argv[2]);
const server = new Server({ http: true, udp: true, ws: true, stats: false });
server.on('error', (error) => console.error(error.message));
server.on('warning', () => {});
server.listen({ http: port, udp: port }, '127.0.0.1', () => console.log('ready'));
