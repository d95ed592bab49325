/** Hashes of single blocks: who sent the bad one is seen at once, and peers that ask get theirs. */
import { createHash } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedPeer } from '../../test/support/scripted-peer.ts';
import { Bitfield } from '../base/bitfield.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { createStreamHasher } from '../hashing/stream-hasher.ts';
import { planFileTorrent, sealLayout } from '../metainfo/canonical.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { spanMatches } from '../metainfo/merkle-proof.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import { createTorrentMemory } from '../storage/torrent-memory.ts';
import { decodeHashes, decodeHashRequest, encodeHashes, encodeHashRequest } from '../wire/hash-messages.ts';
import { BLOCK_BYTES, encodeBare, encodeBlockRefs, encodePayload } from '../wire/messages.ts';
import { RateLimit } from './rate-limits.ts';
import { TorrentSession } from './torrent-session.ts';

const MIB = 2 ** 20;
/** Two pieces and a half, the last block short. */
const content = Uint8Array.from({ length: 2.5 * MIB + 100 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const HEIGHT = 8;

async function setUp(isSeed: boolean) {
  const hasher = await createStreamHasher([MIB]);
  await hasher.update(content);
  const { hashes } = await hasher.finish();
  const torrent = parseTorrent(createTorrent(sealLayout(planFileTorrent('x.bin', content.length, 'v2'), () => hashes)));
  const hashing = createHashPool({ threads: 1 });
  const clock = new ManualClock();
  const storage = createTorrentMemory([content.length]);
  if (isSeed) await storage.write(0, 0, content);
  const banned: string[] = [];
  const session = new TorrentSession({
    ...{ torrent, storage, hashing, clock, random: () => 0, ...(isSeed && { have: Bitfield.full(3) }) },
    extensions: { client: 'test', port: 0, isPrivate: false, names: [] },
    limits: { down: new RateLimit(clock), up: new RateLimit(clock) },
    events: {
      piece: () => {},
      complete: () => {},
      failed: () => {},
      banned: ({ address }) => banned.push(address.host),
      left: () => {},
    },
  });
  onTestFinished(async () => {
    await session.close();
    await hashing.close();
  });
  const infoHash = torrent.infoHashV2?.subarray(0, 20) ?? expect.fail();
  const arrive = (name: string): ScriptedPeer => {
    const peer = new ScriptedPeer(name);
    session.add(peer.arrive({ infoHash, v2: true }));
    return peer;
  };
  return { arrive, banned, root: torrent.files[0]?.root ?? expect.fail() };
}

/** The hashes of blocks, zeros behind the last. */
function leaves(first: number, count: number): Uint8Array {
  const all = new Uint8Array(count * 32);
  for (let block = 0; block < count; block++) {
    const bytes = content.subarray((first + block) * BLOCK_BYTES, (first + block + 1) * BLOCK_BYTES);
    if (bytes.length > 0) all.set(createHash('sha256').update(bytes).digest(), block * 32);
  }
  return all;
}

const heardOf = (peer: ScriptedPeer, kind: 'hashRequest' | 'hashes' | 'hashReject') =>
  peer.heard.flatMap((message) => (message.kind === kind ? [message.payload] : []));

test('whoever sent a bad block of a piece that came from many is known when the first peer tells the hashes', async () => {
  const { arrive, banned } = await setUp(false);
  const liar = arrive('liar');
  liar.say(encodeBare('haveAll'), encodeBare('unchoke'));
  const first = liar.requests.slice(0, 3);
  const { piece = 0 } = first[0] ?? {};
  for (const [at, ref] of first.entries()) {
    const start = ref.piece * MIB + ref.begin;
    const bytes = content.slice(start, start + ref.length);
    if (at === 1) bytes[7] = (bytes[7] ?? 0) ^ 1;
    liar.sayBlock(ref, bytes);
  }
  liar.say(encodeBare('choke'), encodeBlockRefs('reject', liar.requests.slice(3)));
  const honest = arrive('honest');
  honest.say(encodeBare('haveAll'), encodeBare('unchoke'));
  for (let next = 0; next < honest.requests.length && heardOf(honest, 'hashRequest').length === 0; next++) {
    const ref = honest.requests[next];
    if (ref?.piece !== piece) continue;
    const start = ref.piece * MIB + ref.begin;
    honest.sayBlock(ref, content.subarray(start, start + ref.length));
  }
  await vi.waitFor(() => expect(heardOf(honest, 'hashRequest')).toHaveLength(1));
  expect(banned).toEqual([]);
  const request = decodeHashRequest(heardOf(honest, 'hashRequest')[0] ?? expect.fail()) ?? expect.fail();
  expect(request).toMatchObject({ base: 0, index: piece * 64, length: 64, proofLayers: 0 });
  honest.say(encodePayload('hashes', encodeHashes(request, leaves(piece * 64, 64))));
  expect(banned).toEqual(['liar']);
  expect(honest.closed).toBeUndefined();
});

test('peers get the hashes of blocks, with as much of the proof as they ask for', async () => {
  const { arrive, root } = await setUp(true);
  const peer = arrive('asker');
  // One block, some, a piece, the piece in which the file ends; without a proof, with half of it, with all.
  const wishes = [
    { index: 5, length: 1, proofLayers: 7 },
    { index: 6, length: 2, proofLayers: 7 },
    { index: 64, length: 64, proofLayers: 7 },
    { index: 128, length: 64, proofLayers: 7 },
    { index: 128, length: 64, proofLayers: 0 },
    { index: 32, length: 16, proofLayers: 4 },
  ];
  for (const wish of wishes) peer.say(encodePayload('hashRequest', encodeHashRequest({ root, base: 0, ...wish })));
  await vi.waitFor(() => expect(heardOf(peer, 'hashes')).toHaveLength(wishes.length));
  for (const [at, payload] of heardOf(peer, 'hashes').entries()) {
    const { request, hashes } = decodeHashes(payload) ?? expect.fail();
    const { index, length, proofLayers } = wishes[at] ?? expect.fail();
    expect([request.index, request.length]).toEqual([index, length]);
    expect(hashes.subarray(0, 32 * length)).toEqual(leaves(index, length));
    if (proofLayers === 7) expect(spanMatches(request, hashes, root, HEIGHT)).toBe(true);
  }
});

test('what cannot be had is rejected, and so is what is too much', async () => {
  const { arrive, root } = await setUp(true);
  const peer = arrive('asker');
  const ask = (index: number, length: number, of = root): void =>
    peer.say(encodePayload('hashRequest', encodeHashRequest({ root: of, base: 0, index, length, proofLayers: 0 })));
  ask(192, 64);
  ask(0, 128);
  ask(0, 1024);
  ask(0, 64, new Uint8Array(32));
  for (let turn = 0; turn < 50; turn++) ask(0, 64);
  await vi.waitFor(() => expect(heardOf(peer, 'hashes').length + heardOf(peer, 'hashReject').length).toBe(54));
  expect(heardOf(peer, 'hashes').length).toBeLessThanOrEqual(16);
  expect(peer.closed).toBeUndefined();
});

test('wrong hashes of blocks get their sender banned', async () => {
  const { arrive, banned, root } = await setUp(false);
  const peer = arrive('forger');
  const request = { root, base: 0, index: 1 << 20, length: 64, proofLayers: 0 };
  peer.say(encodePayload('hashes', encodeHashes(request, new Uint8Array(64 * 32))));
  expect(banned).toEqual(['forger']);
});
