import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { AnnounceAnswer, AnnounceRequest } from './tracker-client.ts';
import { createUdpTracker, type UdpTracker, type UdpTrackerOptions } from './udp-tracker.ts';

const REQUEST: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb),
  port: 6881,
  stats: { uploaded: 3, downloaded: 2, left: 1 },
  wanted: 50,
  key: 1,
};
const PEER = '0a0000011ae1';
const PEER6 = `fd${'00'.repeat(14)}011ae1`;
const { signal } = new AbortController();
const noIpv6 = !Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
if (noIpv6) console.warn('skipped: trackers over IPv6 (the loopback interface has no ::1)');

interface Packet {
  readonly action: number;
  readonly transaction: string;
  readonly bytes: Buffer;
  readonly from: RemoteInfo;
  /** `body`: hex of all but action and transaction, which are this packet's unless others are given. */
  answer(body: string, action?: number, transaction?: string): void;
}

/** A tracker that answers as the test says. */
async function server(handler: (packet: Packet) => void, { address = '127.0.0.1', port = 0 } = {}) {
  const packets: Packet[] = [];
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4');
  socket.on('message', (bytes, from) => {
    const action = bytes.readUInt32BE(8);
    const transaction = bytes.toString('hex', 12, 16);
    const answer: Packet['answer'] = (body, as = action, to = transaction) =>
      socket.send(Buffer.from(as.toString(16).padStart(8, '0') + to + body, 'hex'), from.port, from.address);
    const packet = { action, transaction, bytes, from, answer };
    packets.push(packet);
    handler(packet);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { packets, port: socket.address().port };
}

/** Answers everything, with one peer. */
const well =
  (peer = PEER) =>
  ({ action, answer }: Packet): void =>
    answer(action === 0 ? 'c001010101010101' : `000007080000000200000003${peer}`);

function client(options: UdpTrackerOptions = {}): UdpTracker {
  const tracker = createUdpTracker(options);
  onTestFinished(() => tracker.close());
  return tracker;
}

test('connects once, and announces with the id for a minute', async () => {
  const clock = new ManualClock();
  const { packets, port } = await server(well());
  const tracker = client({ clock });
  const url = `udp://127.0.0.1:${port}/announce?key=1`;
  const answer = await tracker.announce(url, REQUEST, signal);
  expect(answer).toMatchObject({ interval: 1800, leechers: 2, seeds: 3, peers: [{ host: '10.0.0.1', port: 6881 }] });
  expect(packets[1]?.bytes.toString('hex', 0, 8)).toBe('c001010101010101');
  expect(packets[1]?.bytes.toString('latin1', 100)).toBe('/announce?key=1');
  clock.advance(59_999);
  await tracker.announce(url, REQUEST, signal);
  clock.advance(1);
  await tracker.announce(url, REQUEST, signal);
  expect(packets.map(({ action }) => action)).toEqual([0, 1, 1, 0, 1]);
  expect(new Set(packets.map(({ transaction }) => transaction)).size).toBe(5);
  expect(clock.sleepers).toBe(0);
});

test('torrents that announce at the same time share a connection and a socket', async () => {
  const { packets, port } = await server(well());
  const tracker = client();
  await Promise.all(Array.from({ length: 20 }, () => tracker.announce(`udp://127.0.0.1:${port}`, REQUEST, signal)));
  expect(packets.filter(({ action }) => action === 0)).toHaveLength(1);
  expect(packets).toHaveLength(21);
  expect(new Set(packets.map(({ from }) => from.port)).size).toBe(1);
  // Without path and query, no URL data.
  expect(packets[1]?.bytes).toHaveLength(98);
});

test.skipIf(noIpv6)('over IPv6, peers are of IPv6', async () => {
  const { port } = await server(well(PEER6), { address: '::1' });
  const { peers } = await client().announce(`udp://[::1]:${port}/`, REQUEST, signal);
  expect(peers).toEqual([{ host: 'fd00::1', port: 6881 }]);
});

test.skipIf(noIpv6)('a name is asked at both its addresses, and the second answer is not waited for long', async () => {
  const clock = new ManualClock();
  const lookup = vi.fn(async () => ['127.0.0.1', '::1', '127.0.0.2']);
  let silent = false;
  const { port } = await server(well());
  await server((packet) => silent || well(PEER6)(packet), { address: '::1', port });
  const tracker = client({ clock, lookup });
  const url = `udp://tracker.test:${port}/announce`;
  const { peers } = await tracker.announce(url, REQUEST, signal);
  expect(new Set(peers.map(({ host }) => host))).toEqual(new Set(['10.0.0.1', 'fd00::1']));
  silent = true;
  const asked = clock.now();
  let answer: AnnounceAnswer | undefined;
  void tracker.announce(url, REQUEST, signal).then((found) => {
    answer = found;
  });
  await vi.waitFor(() => {
    clock.advance(500);
    expect(answer?.peers).toEqual([{ host: '10.0.0.1', port: 6881 }]);
  }, 5000);
  // All its tries over IPv6 would have taken 105 seconds.
  expect(clock.now() - asked).toBeGreaterThanOrEqual(2000);
  expect(clock.now() - asked).toBeLessThan(105_000);
  expect(clock.sleepers).toBe(0);
  expect(lookup).toHaveBeenCalledOnce();
});

test('three packets, after 15 and 30 seconds, and a minute for the last', async () => {
  const clock = new ManualClock();
  const { packets, port } = await server(() => {});
  const announce = client({ clock }).announce(`udp://127.0.0.1:${port}`, REQUEST, signal);
  announce.catch(() => {});
  for (const [sent, wait] of [
    [1, 15_000],
    [2, 30_000],
    [3, 60_000],
  ] as const) {
    await vi.waitFor(() => expect([packets.length, clock.sleepers]).toEqual([sent, 1]), 5000);
    clock.advance(wait - 1);
    expect(clock.sleepers).toBe(1);
    clock.advance(1);
  }
  await expect(announce).rejects.toThrow(`The tracker udp://127.0.0.1:${port}: it did not answer 3 packets.`);
  expect(packets).toHaveLength(3);
});

test('an announce that was lost is sent again; so is a connect when its id has become too old', async () => {
  const clock = new ManualClock();
  let announces = 0;
  const { packets, port } = await server((packet) => {
    if (packet.action === 0 || ++announces > 2) well()(packet);
  });
  const tracker = client({ clock });
  const announce = tracker.announce(`udp://127.0.0.1:${port}`, REQUEST, signal);
  await vi.waitFor(() => expect([packets.length, clock.sleepers]).toEqual([2, 1]), 5000);
  clock.advance(15_000);
  await vi.waitFor(() => expect([packets.length, clock.sleepers]).toEqual([3, 1]), 5000);
  clock.advance(45_000);
  expect(await announce).toMatchObject({ interval: 1800 });
  expect(packets.map(({ action }) => action)).toEqual([0, 1, 1, 0, 1]);
});

test('answers that are for nobody, of the wrong kind or cut off are not believed', async () => {
  const { packets, port } = await server((packet) => {
    const { action, transaction, answer } = packet;
    if (action === 1) {
      const other = (Number.parseInt(transaction, 16) ^ 1).toString(16).padStart(8, '0');
      answer('000000010000000900000009', 1, other);
      answer('c002020202020202', 0);
      answer('00000001', 1);
      answer('00000001', 7);
    }
    well()(packet);
  });
  const answer = await client().announce(`udp://127.0.0.1:${port}`, REQUEST, signal);
  expect(answer).toMatchObject({ interval: 1800 });
  expect(packets).toHaveLength(2);
});

test('answers from somewhere else are not believed', async () => {
  const forger = createSocket('udp4');
  forger.bind(0, '127.0.0.1');
  await once(forger, 'listening');
  onTestFinished(() => void forger.close());
  const { port } = await server((packet) => {
    const { action, transaction, from } = packet;
    if (action === 0) return well()(packet);
    const forged = Buffer.from(`00000001${transaction}000000010000000900000009`, 'hex');
    // The loopback interface keeps the order: the forgery comes first.
    forger.send(forged, from.port, from.address, () => well()(packet));
  });
  expect(await client().announce(`udp://127.0.0.1:${port}`, REQUEST, signal)).toMatchObject({ seeds: 3 });
});

test('a refusal has the words of the tracker, and the next announce a new connection', async () => {
  let refuses = true;
  const { packets, port } = await server((packet) => {
    if (packet.action === 1 && refuses) packet.answer(Buffer.from('no such torrent').toString('hex'), 3);
    else well()(packet);
  });
  const tracker = client();
  const url = `udp://127.0.0.1:${port}`;
  await expect(tracker.announce(url, REQUEST, signal)).rejects.toMatchObject({
    code: 'TRACKER_FAILED',
    message: `The tracker ${url}: it refused: no such torrent.`,
  });
  refuses = false;
  await tracker.announce(url, REQUEST, signal);
  expect(packets.map(({ action }) => action)).toEqual([0, 1, 0, 1]);
});

test('a scrape', async () => {
  const { packets, port } = await server(({ action, answer }) =>
    answer(action === 0 ? 'c001010101010101' : '000000010000000200000003'),
  );
  const hashes = [REQUEST.infoHash, REQUEST.peerId];
  const counts = await client().scrape(`udp://127.0.0.1:${port}`, hashes, signal);
  expect(counts).toEqual([{ seeds: 1, completed: 2, leechers: 3 }, undefined]);
  expect(packets[1]?.bytes).toHaveLength(56);
});

test('an abort and the end leave nobody waiting', async () => {
  const clock = new ManualClock();
  const { packets, port } = await server(() => {});
  const tracker = createUdpTracker({ clock });
  const stop = new AbortController();
  const url = `udp://127.0.0.1:${port}`;
  const first = tracker.announce(url, REQUEST, stop.signal);
  const second = tracker.announce(url, REQUEST, signal);
  first.catch(() => {});
  second.catch(() => {});
  await vi.waitFor(() => expect(packets).toHaveLength(1), 5000);
  stop.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  await tracker.close();
  await expect(second).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(tracker.announce(url, REQUEST, signal)).rejects.toMatchObject({ code: 'CLOSED' });
  expect(clock.sleepers).toBe(0);
});

test.each([
  ['http://127.0.0.1:1/', 'no UDP URL'],
  ['udp://127.0.0.1/', 'no port'],
  ['udp://forbidden.test:1/', 'no address that may be asked'],
  ['udp://unknown.test:1/', 'cannot be resolved'],
])('%s is not asked: %s', async (url, reason) => {
  const lookup = async (host: string) => {
    if (host === 'unknown.test') throw new Error('ENOTFOUND');
    return ['10.1.1.1'];
  };
  const tracker = client({ lookup, allow: (address) => !address.startsWith('10.') });
  await expect(tracker.announce(url, REQUEST, signal)).rejects.toThrow(reason);
});
