/** Peers that are silent, refuse, flood or lie, one by one, against a session whose clock the test moves. */
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedPeer } from '../../test/support/scripted-peer.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { createStreamHasher } from '../hashing/stream-hasher.ts';
import { planFileTorrent, sealLayout } from '../metainfo/canonical.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import { createTorrentMemory } from '../storage/torrent-memory.ts';
import { BLOCK_BYTES, encodeBare, encodeBlockRefs, encodePayload } from '../wire/messages.ts';
import { RateLimit } from './rate-limits.ts';
import { TorrentSession } from './torrent-session.ts';

const MIB = 2 ** 20;
const content = Uint8Array.from({ length: 3 * MIB }, (_, index) => (index * 31 + (index >> 8)) & 255);
const haveAll = encodeBare('haveAll');
const unchoke = encodeBare('unchoke');

async function setUp(storage: TorrentStorage = createTorrentMemory([content.length])) {
  const hasher = await createStreamHasher([MIB]);
  await hasher.update(content);
  const { hashes } = await hasher.finish();
  const layout = planFileTorrent('model.bin', content.length, 'v1');
  const torrent = parseTorrent(createTorrent(sealLayout(layout, () => hashes)));
  const hashing = createHashPool({ threads: 1 });
  const clock = new ManualClock();
  const failures: SwarmError[] = [];
  const failed = Promise.withResolvers<void>();
  const banned: string[] = [];
  const done = Promise.withResolvers<void>();
  const session = new TorrentSession({
    torrent,
    storage,
    hashing,
    clock,
    random: () => 0,
    extensions: { client: 'test', port: 0, isPrivate: false, names: [] },
    limits: { down: new RateLimit(clock), up: new RateLimit(clock) },
    events: {
      piece: () => {},
      complete: done.resolve,
      failed: (error) => {
        failures.push(error);
        failed.resolve();
      },
      banned: ({ address }) => banned.push(address.host),
      left: () => {},
    },
  });
  onTestFinished(async () => {
    await session.close();
    await hashing.close();
  });
  const arrive = (name: string): ScriptedPeer => {
    const peer = new ScriptedPeer(name);
    session.add(peer.arrive({ infoHash: torrent.infoHash ?? expect.fail() }));
    return peer;
  };
  /** Seconds go by, and everybody does what is due. */
  async function wait(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      await setImmediate();
    }
  }
  return { session, storage, failures, failed: failed.promise, banned, done: done.promise, arrive, wait };
}

const bytesOf = ({ piece, begin, length }: { piece: number; begin: number; length: number }): Uint8Array =>
  content.subarray(piece * MIB + begin, piece * MIB + begin + length);

/** Answers every request, also those that come because of the answers. */
function answerAll(peer: ScriptedPeer): void {
  for (let next = 0; next < peer.requests.length; next++) {
    const ref = peer.requests[next];
    if (ref) peer.sayBlock(ref, bytesOf(ref));
  }
}

test('a peer that is silent is asked for less, its blocks are asked of another, and it is left in the end', async () => {
  const { arrive, wait, done } = await setUp();
  const silent = arrive('silent');
  silent.say(haveAll, unchoke);
  expect(silent.requests.length).toBeGreaterThan(0);
  await wait(21);
  const other = arrive('other');
  other.say(haveAll, unchoke);
  answerAll(other);
  await wait(1);
  answerAll(other);
  await done;
  await wait(50);
  expect(silent.closed).toMatch(/did not send|both have everything/);
});

test('a peer that is silent although it is asked again and again is left after a minute', async () => {
  const { arrive, wait } = await setUp();
  const silent = arrive('silent');
  silent.say(haveAll, unchoke);
  await wait(59);
  expect(silent.closed).toBeUndefined();
  await wait(5);
  expect(silent.closed).toMatch(/did not send/);
});

test('what comes late, of a block that was asked of another meanwhile, does not get into a buffer that is used again', async () => {
  const { arrive, wait, done, banned, storage } = await setUp();
  const slow = arrive('slow');
  slow.say(haveAll, unchoke);
  const [ref] = slow.requests;
  if (!ref) expect.fail('nothing was asked');
  // Half of a block; then nothing for so long that others are asked.
  slow.sayBlock(ref, bytesOf(ref), BLOCK_BYTES / 2);
  await wait(22);
  const honest = arrive('honest');
  honest.say(haveAll, unchoke);
  for (let next = 0; next < honest.requests.length; next++) {
    const wanted = honest.requests[next];
    if (!wanted) break;
    honest.sayBlock(wanted, bytesOf(wanted));
    // The rest of the half block comes in between, a byte at a time, and it is not even right.
    if (next < 400) slow.say(Uint8Array.of(255));
    if (next % 64 === 63) await wait(1);
  }
  answerAll(honest);
  await wait(2);
  answerAll(honest);
  await done;
  expect(banned).toEqual([]);
  const stored = new Uint8Array(content.length);
  await storage.read(0, 0, [stored]);
  expect(Buffer.compare(stored, content)).toBe(0);
});

test('a peer that rejects whatever it is asked for is not asked for the same again until it unchokes', async () => {
  const { arrive, wait } = await setUp();
  const peer = arrive('refusing');
  peer.say(haveAll, unchoke);
  for (let next = 0; next < peer.requests.length && next < 2000; next++) {
    const ref = peer.requests[next];
    if (ref) peer.say(encodeBlockRefs('reject', [ref]));
  }
  await wait(3);
  // 3 pieces of 64 blocks: each was asked for once at most.
  expect(peer.requests.length).toBeLessThanOrEqual(192);
  const before = peer.requests.length;
  peer.say(encodeBare('choke'), unchoke);
  expect(peer.requests.length).toBeGreaterThan(before);
});

test('bitfields may follow one another, as those of aria2 do; "all" and "nothing" are said once', async () => {
  const { arrive } = await setUp();
  const peer = arrive('twice');
  peer.say(encodeBare('haveNone'));
  peer.say(encodePayload('bitfield', Uint8Array.of(0x80)));
  peer.say(encodePayload('bitfield', Uint8Array.of(0xc0)));
  expect(peer.closed).toBeUndefined();
  peer.say(haveAll);
  expect(peer.closed).toMatch(/said twice/);
});

test('a peer that asks and never reads is left', async () => {
  const { arrive } = await setUp();
  const peer = arrive('deaf');
  peer.say(haveAll);
  peer.queued = 9 * MIB;
  peer.say(encodeBlockRefs('request', [{ piece: 0, begin: 0, length: BLOCK_BYTES }]));
  expect(peer.closed).toMatch(/does not read/);
});

test('a full disk ends the session once, with its reason, instead of fetching the same for ever', async () => {
  const storage: TorrentStorage = {
    ...createTorrentMemory([content.length]),
    write: () => Promise.reject(new SwarmError('DISK_FULL', 'Cannot write model.bin: no space is left.')),
  };
  const { arrive, wait, failures, failed } = await setUp(storage);
  const peer = arrive('honest');
  peer.say(haveAll, unchoke);
  answerAll(peer);
  await failed;
  expect(failures.map(({ code }) => code)).toEqual(['DISK_FULL']);
  expect(peer.closed).toBe('the torrent was stopped');
  const asked = peer.requests.length;
  await wait(5);
  expect(peer.requests.length).toBe(asked);
});

test('who comes when the session has ended is sent away', async () => {
  const { arrive, session } = await setUp();
  await session.close();
  const late = arrive('late');
  expect(late.closed).toBe('the torrent was stopped');
  expect(session.peers.size).toBe(0);
});
