import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { SwarmMember } from '../contracts/discovery.ts';
import { createLsd, type LsdOptions } from './lsd.ts';
import { encodeLsdAnnounce } from './lsd-message.ts';
import { isNeighbour, localInterfaces } from './lsd-networks.ts';

const GROUP = '239.192.152.143';
const LOOPBACK = { family: 4, address: '127.0.0.1' } as const;
const PAUSE = 5 * 60_000;
const WAIT = { timeout: 5000, interval: 10 };

const whyNoMulticast = await multicastFailure();
if (whyNoMulticast !== undefined) console.warn(`skipped: no multicast on the loopback interface (${whyNoMulticast})`);

/** A socket of the group on the loopback interface. */
async function groupSocket(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(port);
  await once(socket, 'listening');
  socket.addMembership(GROUP, '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  return socket;
}

/** A port that nobody else in this machine's tests announces on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Does a packet to the group come back? */
async function multicastFailure(): Promise<string | undefined> {
  let socket: Socket | undefined;
  try {
    const port = await freePort();
    socket = await groupSocket(port);
    const back = once(socket, 'message', { signal: AbortSignal.timeout(2000) });
    socket.send('hello', port, GROUP);
    await back;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    socket?.close();
  }
}

interface TestMember extends SwarmMember {
  readonly peers: PeerAddress[];
}

function member(hash: number, port: number, isPrivate = false): TestMember {
  const peers: PeerAddress[] = [];
  const stats = () => ({ uploaded: 0, downloaded: 0, left: 0 });
  const found = (found: readonly PeerAddress[]) => void peers.push(...found);
  return { infoHash: new Uint8Array(20).fill(hash), peerId: new Uint8Array(20), port, isPrivate, stats, found, peers };
}

async function bed() {
  const port = await freePort();
  const listener = await groupSocket(port);
  onTestFinished(() => void listener.close());
  const heard: string[] = [];
  listener.on('message', (bytes) => heard.push(bytes.toString()));
  const start = (options: LsdOptions = {}) => {
    const groups = { v4: GROUP, v6: 'ff15::efc0:988f', port };
    const lsd = createLsd({ groups, interfaces: () => [LOOPBACK], ...options });
    onTestFinished(() => lsd.close());
    return lsd;
  };
  const say = (text: string | Uint8Array) => listener.send(text, port, GROUP);
  return { port, heard, say, start };
}

test.skipIf(whyNoMulticast)('two on one network find each other, and nobody finds itself', async () => {
  const { start } = await bed();
  const [one, other, stranger] = [member(1, 7001), member(1, 7002), member(2, 7003)];
  const clock = new ManualClock();
  const session = start({ clock }).join(one);
  start().join(stranger);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ name: 'lsd', state: 'working' }]), WAIT);
  start().join(other);
  await vi.waitFor(() => expect(one.peers).toMatchObject([{ port: 7002 }]), WAIT);
  expect(session.status()).toMatchObject([{ peers: 1 }]);
  // The first one came before the other listened: its turn is in five minutes.
  clock.advance(PAUSE);
  await vi.waitFor(() => expect(other.peers).toMatchObject([{ port: 7001 }]), WAIT);
  expect(isNeighbour(other.peers[0]?.host ?? '')).toBe(true);
  expect(stranger.peers).toEqual([]);
});

test.skipIf(whyNoMulticast)('members share packets; each is announced at once and every five minutes', async () => {
  const { heard, start } = await bed();
  const clock = new ManualClock();
  const lsd = start({ clock });
  const sessions = Array.from({ length: 25 }, (_, index) => lsd.join(member(index, 7001)));
  lsd.join(member(99, 7002));
  // Neither of them is announced.
  lsd.join(member(100, 0));
  const hidden = lsd.join(member(101, 7001, true));
  const hashes = () =>
    heard.splice(0).map((text) => [/Port: (\d+)/.exec(text)?.[1], text.split('Infohash').length - 1]);
  await vi.waitFor(() => expect(heard).toHaveLength(3), WAIT);
  expect(hashes()).toEqual([
    ['7001', 20],
    ['7001', 5],
    ['7002', 1],
  ]);
  expect(hidden.status()).toEqual([]);
  // Out of turn, once a minute.
  sessions[0]?.wantMore();
  await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT);
  expect(hashes()).toEqual([['7001', 1]]);
  sessions[0]?.wantMore();
  clock.advance(PAUSE - 1);
  lsd.join(member(102, 7003));
  await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT);
  expect(hashes()).toEqual([['7003', 1]]);
  await sessions[0]?.close();
  expect(sessions[0]?.status()).toEqual([]);
  clock.advance(1);
  await vi.waitFor(() => expect(heard).toHaveLength(3), WAIT);
  expect(hashes()).toEqual([
    ['7001', 20],
    ['7001', 4],
    ['7002', 1],
  ]);
});

test.skipIf(whyNoMulticast)('no packet does any harm', async () => {
  const { say, start } = await bed();
  const one = member(1, 7001);
  const session = start().join(one);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working' }]), WAIT);
  const infoHashes = [one.infoHash];
  say('');
  say('BT-SEARCH * HTTP/1.1');
  say(encodeLsdAnnounce('x', { port: 70_000, infoHashes }));
  say(new Uint8Array(1500).fill(13));
  say(encodeLsdAnnounce('x', { port: 7009, infoHashes: [...infoHashes, new Uint8Array(20)], cookie: 'other' }));
  await vi.waitFor(() => expect(one.peers).toMatchObject([{ port: 7009 }]), WAIT);
});

test.skipIf(whyNoMulticast)('interfaces come and go', async () => {
  const { heard, start } = await bed();
  const clock = new ManualClock();
  let there = false;
  const session = start({ clock, interfaces: () => (there ? [LOOPBACK] : []) }).join(member(1, 7001));
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'failed' }]), WAIT);
  there = true;
  await vi.waitFor(() => expect(clock.sleepers).toBe(1), WAIT);
  clock.advance(PAUSE);
  await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT);
  expect(session.status()).toMatchObject([{ state: 'working', error: undefined }]);
});

test('an interface that cannot be used is said to be', async () => {
  const lsd = createLsd({ interfaces: () => [{ family: 4, address: '203.0.113.77' }], clock: new ManualClock() });
  onTestFinished(() => lsd.close());
  const session = lsd.join(member(1, 7001));
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ name: 'lsd', state: 'failed' }]), WAIT);
  await lsd.close();
  expect(lsd.join(member(2, 7001)).status()).toEqual([]);
});

test('neighbours are private, link-local, or this machine', () => {
  const near = ['10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.9.9', '127.0.0.1', 'fe80::1%eth0', 'fd00::1', '::1'];
  expect(near.filter((address) => !isNeighbour(address))).toEqual([]);
  const far = ['8.8.8.8', '172.32.0.1', '192.169.0.1', '100.64.0.1', '2001:db8::1', '::', '224.0.0.1', 'nonsense', ''];
  expect(far.filter(isNeighbour)).toEqual([]);
});

test('the interfaces of this machine have a family and an address', () => {
  for (const { family, address } of localInterfaces())
    expect(address).toMatch(family === 4 ? /^\d+\.\d+\.\d+\.\d+$/ : /^fe80:.*%/);
});
