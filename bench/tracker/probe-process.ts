/** A process at 127.0.0.2 that announces now and then, each time on a new connection: probe-process.ts PORT TIMES. Prints p50 and p99 in milliseconds. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const [port = 0, times = 1] = process.argv.slice(2).map(Number);
const waits: number[] = [];
for (let turn = 0; turn < times; turn++) {
  const begun = performance.now();
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  let heard = '';
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text;
  });
  const query = `info_hash=${'h'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=${1024 + turn}&left=1`;
  socket.write(`GET /announce?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  if (!heard.includes('5:peers')) throw new Error(heard);
  waits.push(performance.now() - begun);
  await setTimeout(5);
}
waits.sort((a, b) => a - b);
console.log([0.5, 0.99].map((share) => waits[Math.floor(times * share)]?.toFixed(2)).join(' '));
