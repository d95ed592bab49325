import { expect, onTestFinished, test, vi } from 'vitest';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { encode } from '../bencode/encode.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { SwarmMember } from '../contracts/discovery.ts';
import { SwarmError } from '../errors.ts';
import type { AnnounceAnswer, AnnounceRequest, TrackerClient } from './tracker-client.ts';
import { createTrackerDiscovery, type TrackerDiscoveryOptions } from './tracker-discovery.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const PEER = { host: '10.0.0.1', port: 1 };

type Answer = Partial<AnnounceAnswer> | Error | 'silence' | Promise<void>;

/** Trackers that answer as the test says; asked for `udp:` URLs. */
class Trackers implements TrackerClient {
  /** `a started`, in the order in which they came. */
  readonly asked: string[] = [];
  readonly requests: AnnounceRequest[] = [];
  readonly answers = new Map<string, Answer>();

  async announce(url: string, request: AnnounceRequest): Promise<AnnounceAnswer> {
    const { host } = new URL(url);
    this.asked.push(request.event ? `${host} ${request.event}` : host);
    this.requests.push(request);
    const answer = this.answers.get(host) ?? {};
    if (answer === 'silence') return new Promise(() => {});
    if (answer instanceof Error) throw answer;
    const said = answer instanceof Promise ? {} : answer;
    await (answer instanceof Promise ? answer : undefined);
    return { peers: [PEER], interval: 1800, ...said };
  }

  async scrape(): Promise<never> {
    throw new Error('nobody scrapes');
  }

  /** What was asked since the last call; waits until it is as much as expected. */
  async news(count: number): Promise<string[]> {
    await vi.waitFor(() => expect(this.asked.length).toBeGreaterThanOrEqual(count), 5000);
    await settled();
    return this.asked.splice(0);
  }
}

/** Lets everything happen that waits for no time. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function bed(tiers: string[][], options: Partial<TrackerDiscoveryOptions> = {}) {
  const trackers = new Trackers();
  const clock = new ManualClock();
  const found: PeerAddress[] = [];
  const member: SwarmMember = {
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    port: 6881,
    isPrivate: true,
    stats: () => ({ uploaded: 1, downloaded: 2, left: 3 }),
    found: (peers) => void found.push(...peers),
  };
  const urls = tiers.map((tier) => tier.map((name) => (name.includes(':') ? name : `udp://${name}/announce`)));
  // 0 takes the first of what is left: the order stays.
  const discovery = createTrackerDiscovery({ tiers: urls, udp: trackers, clock, random: () => 0, ...options });
  onTestFinished(() => discovery.close());
  return { trackers, clock, found, member, discovery };
}

const advance = async (clock: ManualClock, milliseconds: number): Promise<void> => {
  clock.advance(milliseconds);
  await settled();
};

test('announces at once, tells what it found, and again after the interval', async () => {
  const { trackers, clock, found, member, discovery } = bed([['a']]);
  const session = discovery.join(member);
  expect(session.status()).toMatchObject([{ name: 'udp://a/announce', state: 'waiting' }]);
  expect(await trackers.news(1)).toEqual(['a started']);
  expect(found).toEqual([PEER]);
  expect(session.status()).toMatchObject([{ state: 'working', peers: 1 }]);
  expect(trackers.requests[0]).toMatchObject({
    port: 6881,
    wanted: 100,
    stats: { uploaded: 1, downloaded: 2, left: 3 },
  });
  await advance(clock, 30 * MINUTE - 1);
  expect(trackers.asked).toEqual([]);
  await advance(clock, 1);
  expect(await trackers.news(1)).toEqual(['a']);
  expect(trackers.requests[1]?.key).toBe(trackers.requests[0]?.key);
});

test.each([
  [{ interval: 1 }, MINUTE],
  [{ interval: undefined }, 30 * MINUTE],
  [{ interval: 90_000 }, 60 * MINUTE],
  [{ interval: 60, minInterval: 7200 }, 120 * MINUTE],
  [{ interval: 60, minInterval: 10 ** 12 }, 24 * 60 * MINUTE],
])('of an answer %o, the pause is %i ms', async (answer, pause) => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  trackers.answers.set('a', answer);
  discovery.join(member);
  await trackers.news(1);
  await advance(clock, pause - 1);
  expect(trackers.asked).toEqual([]);
  await advance(clock, 1);
  expect(await trackers.news(1)).toEqual(['a']);
});

test('a tier is asked in its order until one answers, which is the first from then on', async () => {
  const { trackers, clock, member, discovery } = bed([['a', 'b', 'c'], ['d']]);
  trackers.answers.set('a', new Error('down'));
  discovery.join(member);
  expect(await trackers.news(2)).toEqual(['a started', 'b started']);
  trackers.answers.delete('a');
  await advance(clock, 30 * MINUTE);
  expect(await trackers.news(1)).toEqual(['b']);
});

test('the next tier is for when all of a tier fail; the first tier is tried before it each time', async () => {
  const { trackers, clock, member, discovery } = bed([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  for (const name of ['a', 'b', 'c']) trackers.answers.set(name, new Error('down'));
  const session = discovery.join(member);
  expect(await trackers.news(4)).toEqual(['a started', 'b started', 'c started', 'd started']);
  expect(session.status().map(({ name, state }) => `${name[6]} ${state}`)).toEqual([
    'a failed',
    'b failed',
    'd working',
    'c failed',
  ]);
  trackers.answers.delete('b');
  await advance(clock, 30 * MINUTE);
  expect(await trackers.news(2)).toEqual(['a started', 'b started']);
});

test('tiers are shuffled', () => {
  const { discovery, member } = bed([['a', 'b', 'c']], { random: () => 0.99 });
  const names = discovery
    .join(member)
    .status()
    .map(({ name }) => name);
  expect(names).toEqual(['udp://c/announce', 'udp://b/announce', 'udp://a/announce']);
});

test('when all fail, it waits 15 seconds, then twice as long each time, half an hour at most', async () => {
  const { trackers, clock, member, discovery } = bed([['a'], ['b']]);
  for (const name of ['a', 'b']) trackers.answers.set(name, new Error('down'));
  const session = discovery.join(member);
  expect(await trackers.news(2)).toEqual(['a started', 'b started']);
  for (const seconds of [15, 30, 60, 120, 240, 480, 960, 1800, 1800]) {
    session.wantMore();
    await advance(clock, seconds * SECOND - 1);
    expect(trackers.asked).toEqual([]);
    await advance(clock, 1);
    expect(await trackers.news(2)).toEqual(['a started', 'b started']);
  }
  expect(session.status()[0]).toMatchObject({ state: 'failed', error: 'down' });
  trackers.answers.delete('a');
  await advance(clock, 1800 * SECOND);
  expect(await trackers.news(1)).toEqual(['a started']);
  expect(session.status()[0]).toMatchObject({ state: 'working', error: undefined });
});

test('a tracker that says when to come back is left alone until then, a day at most', async () => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  const retry = (retryAfterSeconds: number) => new SwarmError('TRACKER_FAILED', 'busy', { retryAfterSeconds });
  trackers.answers.set('a', retry(3600));
  discovery.join(member);
  await trackers.news(1);
  trackers.answers.set('a', retry(Number.POSITIVE_INFINITY));
  await advance(clock, 3599 * SECOND);
  expect(trackers.asked).toEqual([]);
  await advance(clock, SECOND);
  expect(await trackers.news(1)).toEqual(['a started']);
  await advance(clock, 24 * 60 * MINUTE);
  expect(await trackers.news(1)).toEqual(['a started']);
});

test('more peers are asked for as soon as the tracker allows, and once', async () => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  trackers.answers.set('a', { minInterval: 300 });
  const session = discovery.join(member);
  await trackers.news(1);
  await advance(clock, 299 * SECOND);
  session.wantMore();
  session.wantMore();
  await settled();
  expect(trackers.asked).toEqual([]);
  trackers.answers.set('a', {});
  await advance(clock, SECOND);
  expect(await trackers.news(1)).toEqual(['a']);
  await advance(clock, 29 * MINUTE);
  expect(trackers.asked).toEqual([]);
  // Without a word of the tracker: a minute.
  session.wantMore();
  expect(await trackers.news(1)).toEqual(['a']);
  await advance(clock, 59 * SECOND);
  session.wantMore();
  await settled();
  expect(trackers.asked).toEqual([]);
  await advance(clock, SECOND);
  expect(await trackers.news(1)).toEqual(['a']);
});

test('the end of a download is told at once, to who knows that it began, and once', async () => {
  const { trackers, clock, member, discovery } = bed([['a', 'b']]);
  const session = discovery.join(member);
  await trackers.news(1);
  session.completed();
  expect(await trackers.news(1)).toEqual(['a completed']);
  await advance(clock, 30 * MINUTE);
  expect(await trackers.news(1)).toEqual(['a']);
  trackers.answers.set('a', new Error('down'));
  await advance(clock, 30 * MINUTE);
  expect(await trackers.news(2)).toEqual(['a', 'b started']);
});

test('the end that comes while the beginning is told is told after it', async () => {
  const { trackers, member, discovery } = bed([['a']]);
  let answer = (): void => {};
  trackers.answers.set('a', new Promise<void>((resolve) => (answer = resolve)));
  const session = discovery.join(member);
  expect(await trackers.news(1)).toEqual(['a started']);
  session.completed();
  await settled();
  expect(trackers.asked).toEqual([]);
  answer();
  expect(await trackers.news(1)).toEqual(['a completed']);
});

test('the end that comes before a tracker could be told of the beginning is not told', async () => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  let fail = (_: Error): void => {};
  trackers.answers.set('a', new Promise<void>((_, reject) => (fail = reject)));
  const session = discovery.join(member);
  expect(await trackers.news(1)).toEqual(['a started']);
  session.completed();
  fail(new Error('down'));
  await settled();
  trackers.answers.delete('a');
  await advance(clock, 15 * SECOND);
  await advance(clock, 30 * MINUTE);
  expect(await trackers.news(2)).toEqual(['a started', 'a']);
});

test('the end that comes before anything was told is not told', async () => {
  const { trackers, member, discovery } = bed([['a']]);
  const session = discovery.join(member);
  session.completed();
  expect(await trackers.news(1)).toEqual(['a started']);
});

test('the tracker hears again what it called us', async () => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  trackers.answers.set('a', { trackerId: Uint8Array.of(7) });
  discovery.join(member);
  await trackers.news(1);
  trackers.answers.delete('a');
  await advance(clock, 30 * MINUTE);
  await advance(clock, 30 * MINUTE);
  expect(trackers.requests.map(({ trackerId }) => trackerId)).toEqual([undefined, Uint8Array.of(7), Uint8Array.of(7)]);
});

test('at the end, all who may know us are told; who does not answer is not waited for', async () => {
  const { trackers, clock, member, discovery } = bed([['a', 'b', 'c']]);
  trackers.answers.set('a', new Error('down'));
  const session = discovery.join(member);
  expect(await trackers.news(2)).toEqual(['a started', 'b started']);
  trackers.answers.set('b', 'silence');
  await advance(clock, 30 * MINUTE);
  // It may have heard us, whatever became of the answer.
  expect(await trackers.news(1)).toEqual(['b']);
  let closed = false;
  const closing = session.close().then(() => {
    closed = true;
  });
  expect(await trackers.news(1)).toEqual(['b stopped']);
  expect(trackers.requests.at(-1)).toMatchObject({ wanted: 0 });
  clock.advance(2999);
  await settled();
  expect(closed).toBe(false);
  clock.advance(1);
  await closing;
  expect(clock.sleepers).toBe(0);
  session.completed();
  session.wantMore();
  await advance(clock, 60 * MINUTE);
  expect(trackers.asked).toEqual([]);
});

test('a session that never reached anybody ends at once', async () => {
  const { trackers, clock, member, discovery } = bed([['a']]);
  trackers.answers.set('a', new Error('down'));
  const session = discovery.join(member);
  await trackers.news(1);
  await session.close();
  expect(trackers.asked).toEqual([]);
  expect(clock.sleepers).toBe(0);
});

test('each announce waits for the budget', async () => {
  const waiting: { url: string; go: () => void }[] = [];
  const budget = (url: string) => new Promise<void>((go) => void waiting.push({ url, go }));
  const { trackers, member, discovery } = bed([['a', 'b']], { budget });
  trackers.answers.set('a', new Error('down'));
  const session = discovery.join(member);
  await settled();
  expect(trackers.asked).toEqual([]);
  waiting[0]?.go();
  expect(await trackers.news(1)).toEqual(['a started']);
  expect(waiting.map(({ url }) => url)).toEqual(['udp://a/announce', 'udp://b/announce']);
  // Nobody knows us yet.
  await session.close();
  expect(trackers.asked).toEqual([]);
});

test('URLs that are of no use are left out, and each is asked once', () => {
  const urls = ['wss://x.test/', 'nonsense:', '', 'udp://a/announce', `http://x.test/${'x'.repeat(3000)}`];
  const { discovery, member } = bed([
    ['a', ...urls],
    ['a', 'http://b.test/announce?k=1'],
  ]);
  const names = discovery
    .join(member)
    .status()
    .map(({ name }) => name);
  expect(names).toEqual(['udp://a/announce', 'http://b.test/announce']);
});

test('a torrent without trackers has nothing to do', async () => {
  const { clock, member, discovery } = bed([[], ['wss://x.test/']]);
  const session = discovery.join(member);
  session.wantMore();
  session.completed();
  await settled();
  expect(session.status()).toEqual([]);
  expect(clock.sleepers).toBe(0);
  await session.close();
});

test('over HTTP', async () => {
  const answer = encode({ interval: 60, peers: Uint8Array.of(10, 0, 0, 9, 0, 9) });
  const server = await loopbackServer((_, response) => response.end(answer));
  const { found, member, discovery } = bed([[`${server.url}/announce`]]);
  discovery.join(member);
  await vi.waitFor(() => expect(found).toEqual([{ host: '10.0.0.9', port: 9 }]), 5000);
  await discovery.close();
  expect(server.requests.map(({ url }) => /event=(\w+)/.exec(url)?.[1])).toEqual(['started', 'stopped']);
});
