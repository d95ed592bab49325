/** Our sessions and libtorrent 2.0.8 on loopback TCP: each downloads from the other. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Bitfield } from '../../../src/base/bitfield.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { hashFile } from '../../../src/hashing/file-hashes.ts';
import { createHashPool } from '../../../src/hashing/hash-pool.ts';
import { planRepoTorrent, sealLayout, type Variant } from '../../../src/metainfo/canonical.ts';
import { createTorrent } from '../../../src/metainfo/create-torrent.ts';
import { parseInfo } from '../../../src/metainfo/parse-info.ts';
import { parseTorrent } from '../../../src/metainfo/parse-torrent.ts';
import type { Torrent } from '../../../src/metainfo/torrent.ts';
import { OpenFiles } from '../../../src/storage/open-files.ts';
import { createTorrentFiles } from '../../../src/storage/torrent-files.ts';
import { answerPeer, type Encryption, greetPeer } from '../../../src/swarm/peer-intake.ts';
import { PieceMap } from '../../../src/swarm/piece-map.ts';
import { RateLimit } from '../../../src/swarm/rate-limits.ts';
import { TorrentSession } from '../../../src/swarm/torrent-session.ts';
import { createTcpTransport } from '../../../src/transport/tcp.ts';
import { encryptionLookupKey } from '../../../src/wire/encryption.ts';
import type { Handshake } from '../../../src/wire/handshake.ts';
import { missing } from '../../support/peers.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';

const MIB = 2 ** 20;
const FILES: Readonly<Record<string, number>> = {
  'model.safetensors': 9 * MIB + 12_345,
  'sub/tokenizer.json': 70_000,
  'README.md': 64,
};
const absent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const never = new AbortController().signal;

async function setUp(variant: Variant) {
  const base = await mkdtemp(join(tmpdir(), 'modelswarm-test-'));
  const hashing = createHashPool({ threads: 2 });
  const open = new OpenFiles();
  onTestFinished(async () => {
    await open.close();
    await hashing.close();
    await rm(base, { recursive: true, force: true });
  });
  const full = join(base, 'full');
  const paths = Object.keys(FILES);
  for (const [file, path] of paths.entries()) {
    const target = join(full, 'repo', path);
    await mkdir(dirname(target), { recursive: true });
    const bytes = Uint8Array.from({ length: FILES[path] ?? 0 }, (_, at) => (at * 31 + file * 7 + (at >> 8)) & 255);
    await writeFile(target, bytes);
  }
  const files = paths.map((path) => ({ path, length: FILES[path] ?? 0 }));
  const hashes = await Promise.all(
    files.map(({ path, length }) => hashFile(hashing, join(full, 'repo', path), length, { pieceLengths: [MIB] })),
  );
  const { info, pieceLayers } = sealLayout(
    planRepoTorrent('repo', files, variant),
    (file) => hashes[file] ?? expect.fail(),
  );
  const bytes = createTorrent({ info, pieceLayers });
  const path = join(base, 'repo.torrent');
  await writeFile(path, bytes);
  const torrent = parseTorrent(bytes);

  function session(of: Torrent, root: string, isSeed: boolean) {
    const { promise: completed, resolve, reject } = Promise.withResolvers<void>();
    completed.catch(() => {});
    const storage = createTorrentFiles({
      paths: of.files.map((file) => (file.isPad ? undefined : join('repo', file.path))),
      lengths: of.files.map(({ length }) => length),
      root,
      open,
    });
    const made = new TorrentSession({
      torrent: of,
      storage,
      hashing,
      clock: systemClock,
      random: Math.random,
      limits: { down: new RateLimit(systemClock), up: new RateLimit(systemClock) },
      extensions: { client: 'modelswarm', port: 0, isPrivate: false, names: [] },
      ...(isSeed ? { have: Bitfield.full(new PieceMap(of).pieceCount) } : {}),
      events: { left: () => {}, piece: () => {}, complete: resolve, failed: reject, banned: () => {} },
    });
    onTestFinished(() => made.close());
    return { session: made, completed };
  }

  /** libtorrent with a folder; its port, and a promise of its having everything. */
  async function libtorrent(folder: string, peer?: string) {
    const script = join(import.meta.dirname, 'python/libtorrent_peer.py');
    const child = spawn(PYTHON, [script, path, folder, '60', ...(peer ? [peer] : [])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    const done = lines.next().then(({ value }) => value === 'done');
    return { port, done };
  }
  return { base, full, torrent, session, libtorrent };
}

const greeting = (torrent: Torrent): Handshake => ({
  infoHash: torrent.infoHash ?? torrent.infoHashV2?.subarray(0, 20) ?? new Uint8Array(20),
  peerId: random(20),
  extended: true,
  fast: true,
  dht: false,
  v2: torrent.version !== 'v1',
});

async function expectRepo(from: string, to: string): Promise<void> {
  for (const path of Object.keys(FILES)) {
    const [wanted, found] = await Promise.all([from, to].map((root) => readFile(join(root, 'repo', path))));
    expect([path, wanted && found?.equals(wanted)]).toEqual([path, true]);
  }
}

describe.skipIf(absent).each<Variant>(['v1', 'v2', 'default'])('a torrent (%s)', (variant) => {
  it.each<Encryption>(['off', 'required'])('comes from libtorrent, encryption %s', async (encryption) => {
    const { base, full, torrent, session, libtorrent } = await setUp(variant);
    const { port, done } = await libtorrent(full);
    expect(await done).toBe(true);
    // As from a magnet link: without piece layers.
    const bare = parseInfo(torrent.info);
    const ours = session(bare, join(base, 'ours'), false);
    const connection = await createTcpTransport().connect({ host: '127.0.0.1', port }, never);
    const { promise, resolve } = Promise.withResolvers<string>();
    greetPeer(connection, greeting(bare), {
      encryption,
      random,
      clock: systemClock,
      signal: never,
      onPeer: (arrival) => void ours.session.add(arrival),
      onFailure: resolve,
    });
    expect(await Promise.race([ours.completed, promise])).toBeUndefined();
    await ours.session.close();
    await expectRepo(full, join(base, 'ours'));
  });

  it('goes to libtorrent', async () => {
    const { base, full, torrent, session, libtorrent } = await setUp(variant);
    const ours = session(torrent, full, true);
    const own = greeting(torrent);
    const hashes = [torrent.infoHash, torrent.infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined);
    const listener = await createTcpTransport({ host: '127.0.0.1' }).listen((connection) => {
      answerPeer(connection, {
        encryption: 'allowed',
        random,
        clock: systemClock,
        signal: never,
        answer: (theirs) => ({ ...own, infoHash: theirs.infoHash }),
        infoHashOf: (key) => hashes.find((hash) => encryptionLookupKey(hash) === key),
        onPeer: (arrival) => void ours.session.add(arrival),
        onFailure: () => {},
      });
    });
    onTestFinished(() => listener.close());
    await mkdir(join(base, 'theirs'));
    const { done } = await libtorrent(join(base, 'theirs'), `127.0.0.1:${listener.port}`);
    expect(await done).toBe(true);
    await expectRepo(full, join(base, 'theirs'));
  });
});
