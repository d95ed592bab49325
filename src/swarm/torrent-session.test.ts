/** Sessions on an in-memory network: v1, v2 and hybrid, one-on-one and in swarms, with peers that lie. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { Bitfield } from '../base/bitfield.ts';
import { systemClock } from '../base/system-clock.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { createStreamHasher } from '../hashing/stream-hasher.ts';
import { planRepoTorrent, sealLayout, type Variant } from '../metainfo/canonical.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { parseInfo } from '../metainfo/parse-info.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { createTorrentMemory } from '../storage/torrent-memory.ts';
import { MemoryNetwork } from '../transport/memory.ts';
import { encryptionLookupKey } from '../wire/encryption.ts';
import type { Handshake } from '../wire/handshake.ts';
import { answerPeer, type Encryption, greetPeer } from './peer-intake.ts';
import { PieceMap } from './piece-map.ts';
import { RateLimit } from './rate-limits.ts';
import { TorrentSession } from './torrent-session.ts';

const MIB = 2 ** 20;
const LENGTHS = [3 * MIB + 12_345, 0, 70_000, MIB];
const contents = LENGTHS.map((length, file) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + file * 7 + (index >> 8)) & 255),
);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const never = new AbortController().signal;

async function makeTorrent(variant: Variant): Promise<Torrent> {
  const files = LENGTHS.map((length, file) => ({ path: `${file}.bin`, length }));
  const hashes = await Promise.all(
    contents.map(async (bytes) => {
      const hasher = await createStreamHasher([MIB]);
      await hasher.update(bytes);
      return (await hasher.finish()).hashes;
    }),
  );
  const { info, pieceLayers } = sealLayout(
    planRepoTorrent('repo', files, variant),
    (file) => hashes[file] ?? expect.fail(),
  );
  return parseTorrent(createTorrent({ info, pieceLayers }));
}

/** The storage of a torrent, whose files are by their places in it, pads among them. */
function storageOf(torrent: Torrent, isFull: boolean): TorrentStorage {
  const storage = createTorrentMemory(torrent.files.map(({ length }) => length));
  for (const [file, { path, isPad }] of torrent.files.entries()) {
    const bytes = contents[Number.parseInt(path, 10)];
    if (isFull && !isPad && bytes) void storage.write(file, 0, bytes);
  }
  return storage;
}

function setUp() {
  const network = new MemoryNetwork({ clock: systemClock });
  const hashing = createHashPool({ threads: 2 });
  onTestFinished(() => hashing.close());

  function open(
    torrent: Torrent,
    options: {
      readonly seed?: boolean;
      readonly storage?: TorrentStorage;
      readonly onPiece?: (piece: number) => void;
    } = {},
  ) {
    const storage = options.storage ?? storageOf(torrent, options.seed ?? false);
    const { promise: completed, resolve, reject } = Promise.withResolvers<void>();
    const banned: string[] = [];
    completed.catch(() => {});
    const session = new TorrentSession({
      torrent,
      storage,
      hashing,
      clock: systemClock,
      random: Math.random,
      limits: { down: new RateLimit(systemClock), up: new RateLimit(systemClock) },
      extensions: { client: 'test', port: 0, isPrivate: false, names: [] },
      ...(options.seed ? { have: Bitfield.full(new PieceMap(torrent).pieceCount) } : {}),
      events: {
        left: () => {},
        piece: (piece) => options.onPiece?.(piece),
        complete: resolve,
        failed: reject,
        banned: (peer) => banned.push(peer.address.host),
      },
    });
    onTestFinished(() => session.close());
    return { session, storage, completed, banned };
  }

  const greetingOf = (torrent: Torrent): Handshake => ({
    infoHash: torrent.infoHash ?? torrent.infoHashV2?.subarray(0, 20) ?? new Uint8Array(20),
    peerId: random(20),
    extended: true,
    fast: true,
    dht: false,
    v2: torrent.version !== 'v1',
  });

  async function listen(host: string, torrent: Torrent, session: TorrentSession, encryption: Encryption = 'allowed') {
    const own = greetingOf(torrent);
    const listener = await network.transport(host, 1).listen((connection) => {
      answerPeer(connection, {
        encryption,
        random,
        clock: systemClock,
        signal: never,
        answer: () => own,
        infoHashOf: (key) => (key === encryptionLookupKey(own.infoHash) ? own.infoHash : undefined),
        onPeer: (arrival) => session.add(arrival),
        onFailure: () => {},
      });
    });
    onTestFinished(() => listener.close());
  }

  async function connect(
    from: string,
    to: string,
    torrent: Torrent,
    session: TorrentSession,
    encryption: Encryption = 'allowed',
  ) {
    const connection = await network.transport(from, 1).connect({ host: to, port: 1 }, never);
    return new Promise<string | undefined>((resolve) => {
      greetPeer(connection, greetingOf(torrent), {
        encryption,
        random,
        clock: systemClock,
        signal: never,
        onPeer: (arrival) => {
          session.add(arrival);
          resolve(undefined);
        },
        onFailure: resolve,
      });
    });
  }

  return { open, listen, connect };
}

async function expectAll(torrent: Torrent, storage: TorrentStorage): Promise<void> {
  for (const [file, { path, length, isPad }] of torrent.files.entries()) {
    if (isPad) continue;
    const bytes = new Uint8Array(length);
    await storage.read(file, 0, [bytes]);
    expect(Buffer.compare(bytes, contents[Number.parseInt(path, 10)] ?? new Uint8Array(0))).toBe(0);
  }
}

describe.each<Variant>(['default', 'v1', 'v2'])('a torrent (%s)', (variant) => {
  test.each<Encryption>(['off', 'preferred', 'required'])(
    'is downloaded byte for byte, encryption %s',
    async (encryption) => {
      const torrent = await makeTorrent(variant);
      const { open, listen, connect } = setUp();
      const seed = open(torrent, { seed: true });
      await listen('seed', torrent, seed.session, encryption);
      const leech = open(torrent);
      expect(await connect('leech', 'seed', torrent, leech.session, encryption)).toBeUndefined();
      await leech.completed;
      await expectAll(torrent, leech.storage);
    },
  );

  test('goes from one to the next: five leechers, of whom one knows the seed', async () => {
    const torrent = await makeTorrent(variant);
    const { open, listen, connect } = setUp();
    const seed = open(torrent, { seed: true });
    await listen('0', torrent, seed.session);
    const leechers = [];
    for (let index = 1; index <= 5; index++) {
      const leech = open(torrent);
      await listen(`${index}`, torrent, leech.session);
      await connect(`${index}`, `${index - 1}`, torrent, leech.session);
      leechers.push(leech);
    }
    for (const { completed, storage } of leechers) {
      await completed;
      await expectAll(torrent, storage);
    }
  });

  test('is got from honest peers although others send wrong bytes, who are banned', async () => {
    const torrent = await makeTorrent(variant);
    const { open, listen, connect } = setUp();
    const lying = createTorrentMemory(torrent.files.map(({ length }) => length));
    for (const [file, { length, isPad }] of torrent.files.entries())
      if (!isPad) await lying.write(file, 0, new Uint8Array(length).fill(9));
    const liar = open(torrent, { seed: true, storage: lying });
    const honest = open(torrent, { seed: true });
    await listen('liar', torrent, liar.session);
    await listen('honest', torrent, honest.session);
    const leech = open(torrent);
    await connect('leech', 'liar', torrent, leech.session);
    await connect('leech', 'honest', torrent, leech.session);
    await leech.completed;
    await expectAll(torrent, leech.storage);
    expect(leech.banned).toEqual(['liar']);
  });
});

test('a v2 torrent without its layers gets them from its peers first', async () => {
  const torrent = await makeTorrent('v2');
  const bare = parseInfo(torrent.info);
  expect(bare.hasAllLayers).toBe(false);
  const { open, listen, connect } = setUp();
  const seed = open(torrent, { seed: true });
  await listen('seed', torrent, seed.session);
  const leech = open(bare);
  await connect('leech', 'seed', bare, leech.session);
  await leech.completed;
  await expectAll(torrent, leech.storage);
});

test('peers of which one demands encryption and the other refuses it do not come together', async () => {
  const torrent = await makeTorrent('v1');
  const { open, listen, connect } = setUp();
  const seed = open(torrent, { seed: true });
  await listen('seed', torrent, seed.session, 'required');
  const leech = open(torrent);
  expect(await connect('leech', 'seed', torrent, leech.session, 'off')).toEqual(expect.any(String));
});

test('a piece that is being stored is not fetched once more, though all that is missing is offered anew meanwhile', async () => {
  const torrent = await makeTorrent('default');
  const { open, listen, connect } = setUp();
  const seed = open(torrent, { seed: true });
  await listen('seed', torrent, seed.session);
  const stored: number[] = [];
  const memory = storageOf(torrent, false);
  const slow: TorrentStorage = {
    ...memory,
    async write(file, position, bytes) {
      // What happens when a layer comes, or files are selected, in just this moment.
      leech.session.select(() => 1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await memory.write(file, position, bytes);
    },
  };
  const leech = open(torrent, { storage: slow, onPiece: (piece) => stored.push(piece) });
  await connect('leech', 'seed', torrent, leech.session);
  await leech.completed;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(stored.sort((one, other) => one - other)).toEqual(
    Array.from({ length: leech.session.map.pieceCount }, (_, at) => at),
  );
});
