import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { SwarmMember } from '../contracts/discovery.ts';
import { type DhtSearch, DhtSession } from './dht-session.ts';

const MINUTE = 60_000;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** `search` says how many nodes answered, and may find peers. */
async function bed(search: (onPeer: (peer: PeerAddress) => void) => number | Promise<number>) {
  const found: PeerAddress[] = [];
  const member: SwarmMember = {
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
    port: 1,
    isPrivate: false,
    stats: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
    found: (peers) => void found.push(...peers),
  };
  const clock = new ManualClock();
  let searches = 0;
  const counted: DhtSearch = async (_, onPeer) => {
    searches += 1;
    return search(onPeer);
  };
  const session = new DhtSession(member, counted, clock);
  onTestFinished(() => session.close());
  await settled();
  const advance = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await settled();
  };
  return { session, clock, found, advance, searches: () => searches };
}

test('searches at once and every 15 minutes', async () => {
  const { advance, searches } = await bed(() => 1);
  expect(searches()).toBe(1);
  await advance(15 * MINUTE - 1);
  expect(searches()).toBe(1);
  await advance(1);
  expect(searches()).toBe(2);
});

test('when nobody answers, sooner: after 15 seconds, twice as long each time, 15 minutes at most', async () => {
  const { session, advance, searches } = await bed(() => 0);
  for (const [index, seconds] of [15, 30, 60, 120, 240, 480, 900, 900].entries()) {
    session.wantMore();
    await advance(seconds * 1000 - 1);
    expect(searches()).toBe(index + 1);
    await advance(1);
    expect(searches()).toBe(index + 2);
  }
  expect(session.status()).toMatchObject([{ state: 'failed' }]);
});

test('more is searched for a minute after the last search', async () => {
  const { session, advance, searches } = await bed(() => 1);
  session.wantMore();
  session.wantMore();
  await advance(MINUTE - 1);
  expect(searches()).toBe(1);
  await advance(1);
  expect(searches()).toBe(2);
  await advance(14 * MINUTE);
  expect(searches()).toBe(2);
});

test('each peer is told once in a search, and there is an end to them', async () => {
  const { session, found, advance } = await bed((onPeer) => {
    for (let port = 1; port <= 2000; port += 1) onPeer({ host: '10.0.0.1', port });
    for (let port = 1; port <= 10; port += 1) onPeer({ host: '10.0.0.1', port });
    return 8;
  });
  expect(found).toHaveLength(1000);
  expect(session.status()).toMatchObject([{ state: 'working', peers: 1000 }]);
  await advance(15 * MINUTE);
  expect(found).toHaveLength(2000);
});

test('the end comes at once, and nothing is told after it', async () => {
  let late = (_: PeerAddress): void => {};
  const { session, clock, found } = await bed((onPeer) => {
    late = onPeer;
    return new Promise<number>(() => {});
  });
  expect(session.status()).toMatchObject([{ state: 'waiting' }]);
  await session.close();
  late({ host: '10.0.0.1', port: 1 });
  expect(found).toEqual([]);
  expect(clock.sleepers).toBe(0);
});
