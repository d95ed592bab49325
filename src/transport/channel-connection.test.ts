import { expect, test } from 'vitest';
import { ChannelConnection, type DataChannel } from './channel-connection.ts';

/** A data channel of which the test is the other end. */
class FakeChannel implements DataChannel {
  binaryType: BinaryType = 'blob';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readyState: RTCDataChannelState = 'open';
  onbufferedamountlow: RTCDataChannel['onbufferedamountlow'] = null;
  onclose: RTCDataChannel['onclose'] = null;
  onerror: RTCDataChannel['onerror'] = null;
  onmessage: RTCDataChannel['onmessage'] = null;
  onopen: RTCDataChannel['onopen'] = null;
  readonly sent: Uint8Array[] = [];

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(data.slice());
    this.bufferedAmount += data.length;
  }

  /** The network has taken everything. */
  drain(): void {
    this.bufferedAmount = 0;
    this.onbufferedamountlow?.call(this as unknown as RTCDataChannel, new Event('bufferedamountlow'));
  }

  receive(data: unknown): void {
    this.onmessage?.call(this as unknown as RTCDataChannel, new MessageEvent('message', { data }));
  }

  close(): void {
    this.readyState = 'closed';
  }
}

function scene() {
  const channel = new FakeChannel();
  const ends: string[] = [];
  const connection = new ChannelConnection(channel, { host: 'webrtc-1', port: 0 }, false, () => ends.push('ended'));
  const received: number[] = [];
  const closed: string[] = [];
  const start = () =>
    connection.start({ data: (bytes) => received.push(...bytes), closed: (reason) => closed.push(reason) });
  return { channel, connection, ends, received, closed, start };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

test('what is sent in one turn goes out in messages of at most 64 KiB, in order', async () => {
  const { channel, connection, start } = scene();
  start();
  let told = 0;
  for (const length of [5, 17, 70_000, 3]) connection.send(new Uint8Array(length).fill(length & 255), () => told++);
  expect(channel.sent).toEqual([]);
  await turn();
  expect(channel.sent.map(({ length }) => length)).toEqual([65_536, 70_025 - 65_536]);
  const all = Buffer.concat(channel.sent);
  expect([all[0], all[5], all[22], all[70_021], all[70_022], told]).toEqual([5, 17, 112, 112, 3, 4]);
});

test('a channel that is full is waited for, and the end tells all that wait', async () => {
  const { channel, connection, start, closed } = scene();
  start();
  const told: string[] = [];
  connection.send(new Uint8Array(2 * 2 ** 20), () => told.push('first'));
  connection.send(new Uint8Array(10), () => told.push('second'));
  await turn();
  expect(channel.bufferedAmount).toBe(2 ** 20);
  expect(connection.queued).toBe(2 * 2 ** 20 + 10);
  expect(told).toEqual([]);
  channel.drain();
  // Its second half has gone, too; the next one waits.
  expect(told).toEqual(['first']);
  connection.close('enough');
  await turn();
  expect([told, closed, channel.readyState]).toEqual([['first', 'second'], ['enough'], 'closed']);
});

test('what came before the start, or during a pause, is not lost and not turned round', () => {
  const { channel, connection, received, start } = scene();
  channel.receive(Uint8Array.of(1, 2).buffer);
  start();
  connection.pause();
  channel.receive(Uint8Array.of(3).buffer);
  channel.receive(Uint8Array.of(4).buffer);
  expect(received).toEqual([1, 2]);
  connection.resume();
  expect(received).toEqual([1, 2, 3, 4]);
});

test('who resumes in the middle of a message gets the next one after it', () => {
  const { channel, connection } = scene();
  const order: string[] = [];
  connection.start({
    data: ([first]) => {
      order.push(`begin ${first}`);
      connection.pause();
      connection.resume();
      order.push(`end ${first}`);
    },
    closed: () => {},
  });
  connection.pause();
  channel.receive(Uint8Array.of(1).buffer);
  channel.receive(Uint8Array.of(2).buffer);
  connection.resume();
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test.each([
  ['text', ['hello'], 'text where bytes belong'],
  ['more than was asked for', Array.from({ length: 33 }, () => new ArrayBuffer(2 ** 20)), 'more than it was asked for'],
])('a peer that sends %s is left', async (_, messages, reason) => {
  const { channel, connection, ends, closed, start } = scene();
  start();
  connection.pause();
  for (const message of messages) channel.receive(message);
  await turn();
  expect([closed[0], ends]).toEqual([expect.stringContaining(reason), ['ended']]);
  connection.send(Uint8Array.of(1));
  expect(channel.sent).toEqual([]);
});
