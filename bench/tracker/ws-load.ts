/**
 * A process that announces over WebSocket: ws-load.ts PORT TORRENTS OFFERS SECONDS. 200 connections, one announce on its way on each. Prints announces
 * per second and the 99th percentile of the milliseconds to their answers.
 */
import { WebSocket } from 'ws';

const [port = 0, torrents = 1, offers = 0, seconds = 1] = process.argv.slice(2).map(Number);
const CONNECTIONS = 200;
const SDP = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n'.padEnd(
  1000,
  'a=candidate:1 1 UDP 2122252543 192.0.2.1\r\n',
);
const waits: number[] = [];
let answered = 0;

function open(number: number): Promise<() => void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/announce`, { perMessageDeflate: false });
  const peerId = `-XX0001-${String(number).padStart(12, '0')}`;
  const list = Array.from({ length: offers }, (_, at) => ({
    offer: { type: 'offer', sdp: SDP },
    offer_id: `${number}-${at}`.padStart(20, '0'),
  }));
  // Made beforehand, so that making them is not what is measured.
  const messages = Array.from({ length: 20 }, () => {
    const hash = String(Math.floor(Math.random() * torrents)).padStart(20, '0');
    const about = { uploaded: 0, downloaded: 0, left: 1000, numwant: offers, event: 'started' };
    return Buffer.from(
      JSON.stringify({ action: 'announce', info_hash: hash, peer_id: peerId, ...about, offers: list }),
    );
  });
  let sentAt = 0;
  let next = 0;
  const announce = (): void => {
    sentAt = performance.now();
    socket.send(messages[next++ % messages.length] ?? '', { binary: false });
  };
  socket.on('message', (data: Buffer) => {
    // Offers of others, which are long, come in between.
    if (data.length > 500) return;
    answered++;
    if (answered % 16 === 0) waits.push(performance.now() - sentAt);
    announce();
  });
  return new Promise((resolve, reject) => socket.once('open', () => resolve(announce)).once('error', reject));
}

const clients = await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => open(number)));
const begun = performance.now();
for (const announce of clients) announce();
setTimeout(() => {
  waits.sort((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? Number.NaN;
  console.log(`${Math.round((answered * 1000) / (performance.now() - begun))} ${p99.toFixed(1)}`);
  process.exit(0);
}, seconds * 1000);
