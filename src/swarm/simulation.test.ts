/** Whole swarms on a network in memory, in a time of their own: every run with the same seed goes the same way. */
import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { inlineHashPool } from '../../test/support/inline-hash-pool.ts';
import { SimulatedClock } from '../../test/support/simulated-clock.ts';
import { encode } from '../bencode/encode.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { Discovery } from '../contracts/discovery.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { parseInfo } from '../metainfo/parse-info.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { createTorrentMemory } from '../storage/torrent-memory.ts';
import { MemoryNetwork } from '../transport/memory.ts';
import { encodeHandshake, HANDSHAKE_BYTES } from '../wire/handshake.ts';
import { BLOCK_BYTES, encodeBare, encodeBlockRefs, encodePayload, writeBlockHeader } from '../wire/messages.ts';
import { Swarm } from './swarm.ts';
import type { SwarmTorrent } from './swarm-torrent.ts';

const PIECE = 64 * 1024;
const PIECES = 40;
const content = Uint8Array.from({ length: PIECE * PIECES - 1000 }, (_, at) => (at * 31 + (at >> 8) + (at >> 16)) & 255);

function makeTorrent(): Torrent {
  const pieces = Array.from({ length: PIECES }, (_, piece) =>
    createHash('sha1')
      .update(content.subarray(piece * PIECE, (piece + 1) * PIECE))
      .digest(),
  );
  const info = encode({
    length: content.length,
    name: 'model.bin',
    'piece length': PIECE,
    pieces: new Uint8Array(Buffer.concat(pieces)),
  });
  return parseInfo(info);
}

/** Numbers that look random, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function simulate(seed: number) {
  const clock = new SimulatedClock();
  const random = randomFrom(seed);
  const torrent = makeTorrent();
  const network = new MemoryNetwork({
    clock,
    // Lines of 5 to 100 ms and 0.25 to 4 MB/s.
    link: () => ({ latency: 5 + Math.floor(random() * 95), rate: 2 ** (18 + random() * 4) }),
  });
  const addresses: PeerAddress[] = [];
  const discovery: Discovery = {
    join: (member) => {
      const stop = new AbortController();
      const tell = async (): Promise<void> => {
        while (!stop.signal.aborted) {
          member.found([...addresses].sort(() => random() - 0.5).slice(0, 12));
          await clock.sleep(20_000, stop.signal).catch(() => {});
        }
      };
      void tell();
      return { status: () => [], completed: () => {}, wantMore: () => {}, close: async () => stop.abort() };
    },
    close: async () => {},
  };
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));

  async function join(
    host: string,
    options: { readonly storage?: TorrentStorage; readonly isComplete?: boolean; readonly isSuperSeed?: boolean } = {},
  ) {
    const swarm = new Swarm({
      clock,
      random,
      randomBytes: bytes,
      hashing: inlineHashPool(),
      peerId: bytes(20),
      client: 'simulated',
      transport: network.transport(host, 1),
      encryption: 'off',
      connections: 40,
      connectionsPerTorrent: 40,
      limits: {},
      discoveryFor: () => discovery,
    });
    onTestFinished(() => swarm.close());
    await swarm.listen();
    const storage = options.storage ?? createTorrentMemory([content.length]);
    const added = swarm.add({
      names: torrent,
      torrent,
      trackers: [],
      peers: [],
      isComplete: options.isComplete ?? false,
      isSuperSeed: options.isSuperSeed ?? false,
      openStorage: async () => storage,
    });
    added.start();
    addresses.push({ host, port: 1 });
    return { swarm, torrent: added, storage };
  }

  async function seed_(host: string, isSuperSeed = false) {
    const storage = createTorrentMemory([content.length]);
    await storage.write(0, 0, content);
    return join(host, { storage, isComplete: true, isSuperSeed });
  }

  /** Somebody who answers every connection with a handshake, and then says whatever `script` says. */
  async function scripted(
    host: string,
    script: (say: (...parts: Uint8Array[]) => void, heard: Uint8Array) => void,
  ): Promise<void> {
    await network.transport(host, 1).listen((connection) => {
      let isGreeted = false;
      connection.start({
        closed: () => {},
        data: (data) => {
          const say = (...parts: Uint8Array[]): void => {
            for (const part of parts) connection.send(part);
          };
          const rest = isGreeted ? data : data.subarray(HANDSHAKE_BYTES);
          if (!isGreeted) {
            isGreeted = true;
            const infoHash = torrent.infoHash ?? new Uint8Array(20);
            say(encodeHandshake({ infoHash, peerId: bytes(20), extended: false, fast: true, dht: false, v2: false }));
          }
          script(say, rest);
        },
      });
    });
    addresses.push({ host, port: 1 });
  }
  return { clock, random, network, join, seed: seed_, scripted, torrent };
}

type Joined = Awaited<ReturnType<ReturnType<typeof simulate>['join']>>;

const isDone = ({ torrent }: Joined): boolean => torrent.state === 'seeding';

async function expectContent({ storage }: Joined): Promise<void> {
  const found = new Uint8Array(content.length);
  await storage.read(0, 0, [found]);
  expect(Buffer.compare(found, content)).toBe(0);
}

test('fifty peers that come, go and come back all get everything from one seed', async () => {
  const { clock, random, network, join, seed } = simulate(1);
  const first = await seed('seed');
  const peers: Joined[] = [];
  for (let index = 0; index < 50; index++) {
    peers.push(await join(`peer-${index}`));
    await clock.run(() => false, 200);
  }
  const churn = async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn++) {
      await clock.sleep(1000);
      const index = Math.floor(random() * peers.length);
      const { torrent } = peers[index] ?? first;
      if (random() < 0.5) network.unplug(`peer-${index}`);
      else void stopForAWhile(torrent, clock);
    }
  };
  void churn();
  expect(await clock.run(() => peers.every(isDone), 600_000)).toBe(true);
  for (const peer of peers) await expectContent(peer);
  // The leechers did most of the work: the seed sent a fraction of what they got.
  const sent = first.torrent.network?.traffic.read().sent ?? 0;
  expect(sent).toBeLessThan((content.length * peers.length) / 3);
}, 120_000);

async function stopForAWhile(torrent: SwarmTorrent, clock: SimulatedClock): Promise<void> {
  await torrent.stop();
  await clock.sleep(3000);
  torrent.start();
}

test('liars of every kind keep nobody from the bytes, are left, and none of theirs is ever readable', async () => {
  const { clock, join, seed, scripted } = simulate(2);
  const haveAll = encodeBare('haveAll');
  const unchoke = encodeBare('unchoke');
  const wrong = createTorrentMemory([content.length]);
  await wrong.write(
    0,
    0,
    content.map((byte) => byte ^ 1),
  );
  await join('bad-blocks', { storage: wrong, isComplete: true });
  let asked = 0;
  await scripted('silent', (say, heard) => {
    if (asked++ === 0) say(haveAll, unchoke);
    else if (heard.length > 0 && asked < 5) say(unchoke);
  });
  await scripted('short-bitfield', (say) => say(encodePayload('bitfield', Uint8Array.of(255)), unchoke));
  await scripted('spare-bits', (say) =>
    say(encodePayload('bitfield', new Uint8Array(PIECES / 8 + 1).fill(255)), unchoke),
  );
  await scripted('huge-frame', (say) => say(haveAll, Uint8Array.of(0x7f, 255, 255, 255, 20, 0)));
  await scripted('nonsense', (say) => say(new Uint8Array(5000).fill(1)));
  await scripted('unasked', (say) => {
    const block = new Uint8Array(13 + BLOCK_BYTES).fill(9);
    writeBlockHeader(block, 0, { piece: 0, begin: 0, length: BLOCK_BYTES });
    say(haveAll, unchoke, block, block, block, block);
  });
  await scripted('flood', (say) => {
    const requests = Array.from({ length: 3000 }, () => ({ piece: 1, begin: 0, length: BLOCK_BYTES }));
    say(encodeBare('interested'), encodeBlockRefs('request', requests), haveAll);
  });
  await scripted('rejects', (say, heard) => {
    if (heard.length === 0) say(haveAll, unchoke);
    // Whatever it is asked for.
    for (let at = 0; at + 17 <= heard.length; at += 17) {
      if (heard[at + 4] !== 6) continue;
      const reject = heard.slice(at, at + 17);
      reject[4] = 16;
      say(reject);
    }
  });
  const honest = await seed('honest');
  const peers: Joined[] = [];
  for (let index = 0; index < 8; index++) peers.push(await join(`peer-${index}`));
  expect(await clock.run(() => peers.every(isDone), 600_000)).toBe(true);
  for (const peer of peers) await expectContent(peer);
  for (const { torrent } of [...peers, honest]) {
    const hosts = [...(torrent.network?.peers ?? [])].map(({ address }) => address.host);
    expect(hosts).not.toContain('bad-blocks');
    expect(hosts).not.toContain('flood');
    expect(hosts).not.toContain('huge-frame');
    expect(hosts).not.toContain('nonsense');
  }
}, 120_000);

test('a super-seed sends little more than one copy', async () => {
  const sent = [];
  for (const isSuperSeed of [true, false]) {
    const { clock, join, seed } = simulate(3);
    const first = await seed('seed', isSuperSeed);
    const peers: Joined[] = [];
    for (let index = 0; index < 8; index++) peers.push(await join(`peer-${index}`));
    expect(await clock.run(() => peers.every(isDone), 900_000)).toBe(true);
    for (const peer of peers) await expectContent(peer);
    sent.push((first.torrent.network?.traffic.read().sent ?? 0) / content.length);
  }
  expect(sent[0]).toBeLessThan(1.5);
  expect(sent[0]).toBeLessThan(sent[1] ?? 0);
}, 120_000);

test('the same seed gives the same run', async () => {
  const times = [];
  for (let run = 0; run < 2; run++) {
    const { clock, join, seed } = simulate(7);
    await seed('seed');
    const peers = [await join('a'), await join('b'), await join('c')];
    expect(await clock.run(() => peers.every(isDone), 300_000)).toBe(true);
    times.push(clock.elapsed);
  }
  expect(times[0]).toBe(times[1]);
}, 60_000);
