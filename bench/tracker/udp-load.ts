/**
 * A process that announces over UDP: udp-load.ts PORT TORRENTS SECONDS. 64 on their way at a time. Prints announces per second and the 99th percentile of the milliseconds to
 * their answers.
 */
import { createSocket } from 'node:dgram';

const [port = 0, torrents = 1, seconds = 1] = process.argv.slice(2).map(Number);
const WINDOW = 64;
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20, sendBufferSize: 4 * 2 ** 20 });
let connection = 0n;
let answered = 0;
/** By transaction. */
const sentAt = new Float64Array(4096);
const waits: number[] = [];
let sent = 0;
const begun = performance.now();

function announce(): void {
  const packet = Buffer.alloc(98);
  packet.writeBigUInt64BE(connection, 0);
  packet.writeUInt32BE(1, 8);
  const transaction = sent++ % sentAt.length;
  packet.writeUInt32BE(transaction, 12);
  sentAt[transaction] = performance.now();
  packet.writeUInt16BE(Math.floor(Math.random() * torrents), 16);
  packet.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 40);
  packet.writeBigUInt64BE(1000n, 64);
  packet.writeUInt32BE(2, 80);
  packet.writeInt32BE(50, 92);
  packet.writeUInt16BE(1024 + Math.floor(Math.random() * 64_000), 96);
  socket.send(packet, port, '127.0.0.1');
}

socket.on('message', (message) => {
  if (message.readUInt32BE(0) === 0) {
    connection = message.readBigUInt64BE(8);
    for (let turn = 0; turn < WINDOW; turn++) announce();
    return;
  }
  answered++;
  if (answered % 16 === 0) waits.push(performance.now() - (sentAt[message.readUInt32BE(4)] ?? Number.NaN));
  announce();
});
const connect = Buffer.alloc(16);
connect.writeBigUInt64BE(0x41727101980n, 0);
socket.send(connect, port, '127.0.0.1');
// A packet that was lost takes its place in the window with it.
setInterval(announce, 100);
setTimeout(() => {
  waits.sort((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? Number.NaN;
  console.log(`${Math.round((answered * 1000) / (performance.now() - begun))} ${p99.toFixed(2)}`);
  process.exit(0);
}, seconds * 1000);
