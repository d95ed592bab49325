import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runProgram } from '../../test/support/run-program.ts';
import { type Encodable, encode } from '../bencode/encode.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { SwarmMember } from '../contracts/discovery.ts';
import { createDht, type Dht, type DhtOptions } from './dht.ts';

const WAIT = { timeout: 15_000, interval: 20 };
const HASH = Uint8Array.from({ length: 20 }, (_, index) => 200 + index);

interface TestMember extends SwarmMember {
  readonly peers: PeerAddress[];
}

function member(port: number, options: Partial<SwarmMember> = {}): TestMember {
  const peers: PeerAddress[] = [];
  return {
    infoHash: HASH,
    peerId: new Uint8Array(20),
    port,
    isPrivate: false,
    stats: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
    found: (found) => void peers.push(...found),
    peers,
    ...options,
  };
}

async function start(bootstrap: readonly Dht[] = [], options: DhtOptions = {}): Promise<Dht> {
  const dht = await createDht({
    host: '127.0.0.1',
    bootstrap: bootstrap.map(({ port }) => `127.0.0.1:${port}`),
    ...options,
  });
  onTestFinished(() => dht.close());
  return dht;
}

test('two members of a swarm find each other; one that does not listen is not found', async () => {
  const first = await start();
  const [second, third, fourth] = await Promise.all([start([first]), start([first]), start([first])]);
  const seed = member(7001);
  const seeding = second.join(seed);
  await vi.waitFor(() => expect(seeding.status()).toMatchObject([{ name: 'dht', state: 'working' }]), WAIT);
  const leecher = member(0);
  const session = third.join(leecher);
  await vi.waitFor(() => expect(leecher.peers).toEqual([{ host: '127.0.0.1', port: 7001 }]), WAIT);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working', peers: 1 }]), WAIT);
  const late = member(7004);
  const searching = fourth.join(late);
  await vi.waitFor(() => expect(searching.status()).toMatchObject([{ state: 'working' }]), WAIT);
  expect(late.peers.filter(({ port }) => port !== 7004)).toEqual([{ host: '127.0.0.1', port: 7001 }]);
});

test('a swarm of another hash is another swarm', async () => {
  const first = await start();
  const second = await start([first]);
  const seeding = second.join(member(7001));
  await vi.waitFor(() => expect(seeding.status()).toMatchObject([{ state: 'working' }]), WAIT);
  const other = member(0, { infoHash: new Uint8Array(20).fill(9) });
  const session = second.join(other);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working' }]), WAIT);
  expect(other.peers).toEqual([]);
});

test('a private member is not told of, nor searched for', async () => {
  const first = await start();
  const second = await start([first]);
  const session = second.join(member(7001, { isPrivate: true }));
  session.wantMore();
  session.completed();
  expect(session.status()).toEqual([]);
  await session.close();
});

test('with nobody there, it says so; a node that a peer speaks of is as good as any', async () => {
  const first = await start();
  const alone = await start();
  const session = alone.join(member(7001));
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'failed' }]), WAIT);
  alone.addNode({ host: '127.0.0.1', port: first.port });
  alone.addNode({ host: 'fd00::1', port: 1 });
  alone.addNode({ host: '127.0.0.1', port: 0 });
  const leecher = member(0);
  await vi.waitFor(async () => {
    const searching = alone.join(leecher);
    await vi.waitFor(() => expect(searching.status()).toMatchObject([{ state: 'working' }]), 1000);
  }, WAIT);
});

test('bootstrap nodes that cannot be resolved or do not answer keep nobody waiting for ever', async () => {
  const first = await start();
  const second = await start([first], {
    bootstrap: ['127.0.0.1:1', 'nobody.invalid:6881', 'nonsense', `127.0.0.1:${first.port}`],
  });
  const session = second.join(member(7001));
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working' }]), WAIT);
});

test('a taken port is an error', async () => {
  const { port } = await start();
  await expect(createDht({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});

test('the end frees the port, also while it searches, and ends every session', async () => {
  const first = await start();
  const dht = await createDht({ host: '127.0.0.1', bootstrap: [`127.0.0.1:${first.port}`, '127.0.0.1:1'] });
  const { port } = dht;
  const found = member(7001);
  dht.join(found);
  await dht.close();
  await dht.close();
  dht.addNode({ host: '127.0.0.1', port: 1 });
  const again = await start([], { port });
  expect(again.port).toBe(port);
});

test('what was closed does not keep the process alive', async () => {
  const script = `
    import { createDht } from ${JSON.stringify(new URL('dht.ts', import.meta.url).href)};
    const first = await createDht({ host: '127.0.0.1', bootstrap: [] });
    const bootstrap = ['127.0.0.1:' + first.port, '127.0.0.1:1'];
    const second = await createDht({ host: '127.0.0.1', bootstrap });
    const stats = () => ({ uploaded: 0, downloaded: 0, left: 0 });
    const hash = new Uint8Array(20);
    second.join({ infoHash: hash, peerId: hash, port: 1, isPrivate: false, stats, found: () => {} });
    await first.close();
    await second.close();
    console.log('closed');`;
  const result = await runProgram(process.execPath, ['--input-type=module', '--eval', script]);
  expect(result).toEqual({ code: 0, stdout: 'closed\n', stderr: '' });
});

test('no packet ends the process, and the node answers after all of them', async () => {
  const dht = await start();
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const id = new Uint8Array(20).fill(1);
  const values: Encodable[] = [5, 'x', [], {}, [5], [{}], new Uint8Array(20), new Uint8Array(26), -1];
  // One after the other is read: more at once than the system keeps would be lost.
  const send = async (message: Encodable): Promise<void> => {
    await new Promise((sent) => socket.send(encode(message), dht.port, '127.0.0.1', sent));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const answers: string[] = [];
  socket.on('message', (bytes) => answers.push(bytes.toString('latin1')));
  for (const value of values) {
    for (const q of ['ping', 'find_node', 'get_peers', 'announce_peer', 'get', 'put', 'vote'])
      for (const key of ['id', 'target', 'info_hash', 'token', 'port', 'v', 'k', 'sig'])
        await send({ t: 'aa', y: 'q', q, a: { id, target: id, info_hash: id, token: id, port: 1, [key]: value } });
    for (const key of ['id', 'nodes', 'values', 'token']) await send({ t: 'aa', y: 'r', r: { id, [key]: value } });
    for (const key of ['t', 'y', 'q', 'a', 'r', 'e'])
      await send({ t: 'aa', y: 'q', q: 'ping', a: { id }, [key]: value });
  }
  // The library would answer this one.
  await send({ t: 'xx', y: 'q', q: 'get', a: { id, target: id } });
  await vi.waitFor(async () => {
    await send({ t: 'zz', y: 'q', q: 'ping', a: { id } });
    expect(answers.some((text) => text.includes('1:t2:zz'))).toBe(true);
  }, WAIT);
  expect(answers.some((text) => text.includes('1:t2:xx'))).toBe(false);
});
