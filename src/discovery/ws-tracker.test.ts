import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { Connection } from '../contracts/connection.ts';
import type { DiscoverySession, SwarmMember } from '../contracts/discovery.ts';
import type { SignalledTransport } from '../contracts/signalled-transport.ts';
import { startTracker } from '../tracker/tracker-server.ts';
import { createWsTrackers } from './ws-tracker.ts';

const INFO_HASH = new Uint8Array(randomBytes(20));

/** A transport whose descriptions are names, and whose connections are the two names. */
function fakeTransport(own: string): SignalledTransport {
  const connection = (incoming: boolean, pair: string): Connection => ({
    remote: { host: pair, port: 0 },
    incoming,
    queued: 0,
    start: () => {},
    send: () => {},
    pause: () => {},
    resume: () => {},
    close: () => {},
  });
  return {
    offer: async () => ({
      description: { type: 'offer', sdp: own },
      complete: async ({ sdp }) => connection(false, `${own}-${sdp}`),
      drop: () => {},
    }),
    answer: async ({ sdp }) => ({
      description: { type: 'answer', sdp: own },
      connection: Promise.resolve(connection(true, `${sdp}-${own}`)),
    }),
  };
}

function join(url: string, name: string, options: Partial<SwarmMember> = {}) {
  const met: string[] = [];
  const trackers = createWsTrackers({
    transport: fakeTransport(name),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    random: () => 0,
  });
  const session: DiscoverySession = trackers.discovery([url, 'http://localhost/announce', 'nonsense']).join({
    infoHash: INFO_HASH,
    peerId: new Uint8Array(randomBytes(20)),
    port: 0,
    isPrivate: false,
    stats: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    found: () => {},
    introduced: ({ remote }) => met.push(remote.host),
    ...options,
  });
  onTestFinished(() => session.close());
  return { session, met };
}

async function tracker(port = 0) {
  const running = await startTracker({ host: '127.0.0.1', port, intervalSeconds: 600 });
  onTestFinished(() => running.close());
  return running;
}

test('two members meet by offer and answer, once, and who is alone knows it', async () => {
  const { port } = await tracker();
  const url = `ws://127.0.0.1:${port}/announce`;
  const one = join(url, 'one');
  expect(one.session.isHopeful?.()).toBe(true);
  await expect.poll(() => one.session.isHopeful?.()).toBe(false);
  expect(one.session.status()).toMatchObject([{ state: 'working', peers: 0, leechers: 1 }]);
  const two = join(url, 'two');
  await expect.poll(() => [one.met, two.met]).toEqual([['two-one'], ['two-one']]);
  await two.session.close();
  await expect
    .poll(async () => {
      const three = join(url, 'three', { room: () => 0 });
      await expect.poll(() => three.session.status()[0]?.leechers).toBeDefined();
      const { leechers } = three.session.status()[0] ?? {};
      await three.session.close();
      return leechers;
    })
    .toBe(2);
});

test('who has no room makes no offers and answers none; the second hash of a hybrid is not announced', async () => {
  const { port } = await tracker();
  const url = `ws://127.0.0.1:${port}/announce`;
  const full = join(url, 'full', { room: () => 0 });
  await expect.poll(() => full.session.status()[0]?.leechers).toBe(1);
  const other = join(url, 'other');
  await expect.poll(() => other.session.status()[0]?.leechers).toBe(2);
  expect([full.met, other.met]).toEqual([[], []]);
  expect(join(url, 'alias', { isAlias: true }).session.status()).toEqual([]);
});

test('a tracker that was started again is told again', async () => {
  const first = await tracker();
  const url = `ws://127.0.0.1:${first.port}/announce`;
  const one = join(url, 'one');
  await expect.poll(() => one.session.status()[0]?.state).toBe('working');
  await first.close();
  await expect.poll(() => one.session.status()[0]?.state).toBe('failed');
  await tracker(first.port);
  await expect.poll(() => one.session.status()[0]?.state, { timeout: 10_000 }).toBe('working');
  const two = join(url, 'two');
  await expect.poll(() => [one.met, two.met]).toEqual([['two-one'], ['two-one']]);
});
