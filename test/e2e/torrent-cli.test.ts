import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { appendFile, chmod, mkdir, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { encode } from '../../src/bencode/encode.ts';
import { parseMagnet, parseTorrent } from '../../src/metainfo/index.ts';
import type { SampleRepo } from '../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../support/peers.ts';
import { runProgram } from '../support/run-program.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { exitOf, runCli, spawnCli, startMirror } from '../support/start-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const COMMIT = 'c0ffee'.padEnd(40, '0');
const TRACKER = 'http://tracker.example/announce';
const SEED = 'https://seed.example/files/';
const pattern = (length: number, factor = 31): Uint8Array =>
  new Uint8Array(length).map((_, index) => (index * factor) >>> 3);

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'README.md': '# model\n',
  'a.txt': 'x',
  'a/b/deep.bin': pattern(MIB + 1),
  'a/empty.bin': '',
  'model/config.json': '{}',
  'weights.safetensors': pattern(5 * MIB - 7, 37),
  'ünïcödé/日本語 😀.txt': 'こんにちは\n',
};

async function put(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** The files as huggingface_hub keeps them; returns the snapshot's folder. */
async function putCache(cache: string, repo: string): Promise<string> {
  const snapshot = join(cache, repo, 'snapshots', COMMIT);
  await mkdir(join(cache, repo, 'blobs'), { recursive: true });
  for (const [path, content] of Object.entries(FILES)) {
    const hash = createHash(content.length > 1000 ? 'sha256' : 'sha1')
      .update(content)
      .digest('hex');
    await writeFile(join(cache, repo, 'blobs', hash), content);
    await mkdir(dirname(join(snapshot, path)), { recursive: true });
    await symlink(`${'../'.repeat(path.split('/').length + 1)}blobs/${hash}`, join(snapshot, path));
  }
  return snapshot;
}

/** A folder `model` with the files, its torrent beside it, and what `create --json` said. */
async function made(...args: readonly string[]) {
  const base = await tempDir();
  const folder = join(base, 'model');
  await put(folder, FILES);
  const torrent = join(base, 'model.torrent');
  return { base, folder, torrent, created: await create(folder, '--out', torrent, ...args) };
}

async function create(...args: readonly string[]) {
  const { exit, stdout, stderr } = await runCli(['torrent', 'create', '--json', ...args]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function verify(torrent: string, path: string) {
  const { exit, stdout, stderr } = await runCli(['torrent', 'verify', '--json', torrent, path]);
  expect(stderr).toBe('');
  const found = JSON.parse(stdout);
  expect(exit).toBe(found.ok ? 0 : 1);
  const wrong = found.files.filter(({ status }: { status: string }) => status !== 'ok');
  return { ...found, wrong: wrong.map(({ path: name, status, badRanges }: never) => [name, status, badRanges]) };
}

async function flip(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, position);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, position);
  await file.close();
}

test('a folder, a copy of it and the cache of huggingface_hub have the same torrent', async () => {
  const { base, folder, created } = await made();
  expect(created).toMatchObject({ name: 'model', version: 'hybrid', pieceLength: MIB, files: 7 });
  await put(folder, { '.git/HEAD': 'ref', 'a/.git/HEAD': 'ref', '.cache/huggingface/x': 'x' });
  const again = await create(folder, '--out', join(base, 'again.torrent'));
  for (const repo of ['models--org--model', 'datasets--org--model', 'models--model']) {
    const snapshot = await putCache(join(base, 'hub'), repo);
    const cached = await create(snapshot, '--out', join(base, `${repo}.torrent`));
    for (const { infoHash, infoHashV2, name } of [again, cached]) {
      expect({ infoHash, infoHashV2, name }).toEqual({
        infoHash: created.infoHash,
        infoHashV2: created.infoHashV2,
        name: 'model',
      });
    }
    expect((await verify(join(base, 'model.torrent'), snapshot)).ok).toBe(true);
  }
});

test('a server has the same torrents of the same files, in each version', async () => {
  const { base, folder } = await made();
  const repo: SampleRepo = { name: 'org/model', card: { license: 'mit' }, files: FILES };
  const hub = await sampleHub({ repos: [repo] });
  const mirror = await startMirror({ hub, publicUrl: 'https://mirror.example', trackers: [TRACKER] });
  onTestFinished(() => mirror.close());
  for (const version of [[], ['--v1'], ['--v2']]) {
    const local = await create(folder, '--out', join(base, 'local.torrent'), '--force', ...version);
    const out = join(base, 'remote.torrent');
    const args = ['--server', mirror.url, '--web-seed', SEED, '--out', out, '--force', ...version];
    const remote = await create('org/model', ...args);
    expect(remote).toMatchObject({ infoHash: local.infoHash, infoHashV2: local.infoHashV2, files: local.files });
    const { webSeeds, trackers, provenance } = parseTorrent(await readFile(out));
    expect(provenance).toMatchObject({ repo: 'org/model' });
    expect(trackers).toEqual([[TRACKER]]);
    expect(webSeeds).toContain(SEED);
    expect(webSeeds.some((url) => url.startsWith('https://mirror.example/'))).toBe(true);
  }
  const file = await create('org/model@main/a/b/deep.bin', '--server', mirror.url, '--out', join(base, 'f.torrent'));
  const local = await create(join(folder, 'a/b/deep.bin'), '--out', join(base, 'g.torrent'));
  expect(file).toMatchObject({ name: 'deep.bin', infoHash: local.infoHash, infoHashV2: local.infoHashV2, files: 1 });
});

test('without a running server, one is started for a repo, and the torrent has none of its addresses', async () => {
  const { base, created } = await made();
  const hub = await sampleHub({ repos: [{ name: 'datasets/org/model', card: { license: 'mit' }, files: FILES }] });
  const out = join(base, 'remote.torrent');
  const args = ['--upstream', hub.url, '--data-dir', join(base, 'data'), '--tracker', TRACKER, '--out', out];
  // The configuration of `serve` may be for others, who have to show a token.
  const environment = { MODELSWARM_CLIENT_TOKEN: `hf_msw${'s3'.repeat(20)}` };
  const { exit, stdout, stderr } = await runCli(
    ['torrent', 'create', '--json', 'datasets/org/model@main', ...args],
    environment,
  );
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const remote = JSON.parse(stdout);
  expect(remote).toMatchObject({ infoHash: created.infoHash, infoHashV2: created.infoHashV2 });
  expect(parseTorrent(await readFile(out))).toMatchObject({ webSeeds: [], trackers: [[TRACKER]] });
});

test('a data directory that is in use says that its server can be asked', async () => {
  const base = await tempDir();
  const hub = await sampleHub({ repos: [{ name: 'org/model', files: FILES }] });
  const mirror = await startMirror({ hub });
  onTestFinished(() => mirror.close());
  const args = ['--upstream', hub.url, '--data-dir', mirror.dataDir, '--out', join(base, 'x.torrent')];
  const { exit, stderr } = await runCli(['torrent', 'create', 'org/model', ...args]);
  expect(exit).toBe(1);
  expect(stderr).toContain('--server');
});

test('a revision with slashes is named percent-encoded, as in the routes', async () => {
  const base = await tempDir();
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(403, { 'content-type': 'application/json' }).end('{"error":"Not this one.","code":"X"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const args = ['--server', url, '--out', join(base, 'x.torrent')];
  const { exit, stderr } = await runCli(['torrent', 'create', 'org/model@refs%2Fpr%2F1/a b.bin', ...args]);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: 'modelswarm: Not this one.\n' });
  expect(asked).toEqual(['/model/org/model@refs%2Fpr%2F1/a%20b.bin?format=json']);
});

test('a file of a torrent of its own is checked by file, by folder, and by what the folder is called', async () => {
  const { base, folder } = await made();
  const torrent = join(base, 'weights.torrent');
  const path = join(folder, 'weights.safetensors');
  const created = await create(path, '--out', torrent);
  expect(created).toMatchObject({ name: 'weights.safetensors', length: 5 * MIB - 7, files: 1, path: torrent });
  for (const place of [path, folder]) expect((await verify(torrent, place)).ok).toBe(true);
  for (const place of [folder, base]) expect((await verify(join(base, 'model.torrent'), place)).ok).toBe(true);
  const renamed = join(base, 'other-name.bin');
  await writeFile(renamed, await readFile(path));
  expect((await verify(torrent, renamed)).ok).toBe(true);
});

test('a folder that has a folder of its own name is checked itself', async () => {
  const { folder, torrent } = await made();
  expect(await readdir(folder)).toContain('model');
  expect((await verify(torrent, folder)).wrong).toEqual([]);
});

test('links count as their text, and are checked as that', async () => {
  const { base, folder, torrent } = await made();
  await symlink('README.md', join(folder, 'link.md'));
  await symlink('../../somewhere/else', join(folder, 'a/dangling'));
  await symlink('a', join(folder, 'to-folder'));
  const created = await create(folder, '--out', torrent, '--force');
  expect(created.files).toBe(10);
  const plain = join(base, 'plain');
  await put(plain, { ...FILES, 'link.md': 'README.md', 'a/dangling': '../../somewhere/else', 'to-folder': 'a' });
  const copy = await create(plain, '--name', 'model', '--out', join(base, 'plain.torrent'));
  expect(copy.infoHashV2).toBe(created.infoHashV2);
  for (const place of [folder, plain]) expect((await verify(torrent, place)).wrong).toEqual([]);
  await rm(join(folder, 'link.md'));
  await symlink('README.mx', join(folder, 'link.md'));
  expect((await verify(torrent, folder)).wrong).toEqual([['link.md', 'bad', [[0, 9]]]]);
});

test('names that are not UTF-8 go into the torrent as they are', async () => {
  const { folder, torrent } = await made();
  const name = Buffer.from([0x66, 0xff, 0x2e, 0x62]);
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), 'bytes');
  await create(folder, '--out', torrent, '--force');
  const { files } = parseTorrent(await readFile(torrent));
  expect(files.some(({ rawPath }) => Buffer.from(rawPath[0] ?? []).equals(name))).toBe(true);
  expect((await verify(torrent, folder)).ok).toBe(true);
});

test('show, verify and magnet agree with what create said', async () => {
  const { folder, torrent, created } = await made('--tracker', TRACKER, '--tracker', `${TRACKER}2`, '--web-seed', SEED);
  const { infoHash, infoHashV2, length } = created;
  expect(created).toMatchObject({ path: torrent, length: 6 * MIB + 27 + 1 - 7 });
  const shown = JSON.parse((await runCli(['torrent', 'show', '--json', torrent])).stdout);
  expect(shown).toMatchObject({ name: 'model', version: 'hybrid', infoHash, infoHashV2, length, private: false });
  expect(shown).toMatchObject({ trackers: [[TRACKER], [`${TRACKER}2`]], webSeeds: [SEED], httpSeeds: [] });
  expect(shown).toMatchObject({ comment: null, creationDate: null, provenance: null, pieceLength: MIB });
  expect(shown.createdBy).toMatch(/^modelswarm\/\d/);
  expect(shown.files.map(({ path }: { path: string }) => path).sort()).toEqual(Object.keys(FILES).sort());
  const text = (await runCli(['torrent', 'show', torrent])).stdout;
  for (const word of ['model', infoHash, infoHashV2, TRACKER, SEED, 'weights.safetensors'])
    expect(text).toContain(word);
  expect(text).not.toContain('.pad');
  const magnet = (await runCli(['torrent', 'magnet', torrent])).stdout.trim();
  expect(magnet).toBe(created.magnet);
  const parsed = parseMagnet(magnet);
  expect(Buffer.from(parsed.infoHash ?? []).toString('hex')).toBe(infoHash);
  expect(Buffer.from(parsed.infoHashV2 ?? []).toString('hex')).toBe(infoHashV2);
  expect(parsed).toMatchObject({ name: 'model', length, trackers: [TRACKER, `${TRACKER}2`], webSeeds: [SEED] });
  const checked = await runCli(['torrent', 'verify', torrent, folder]);
  expect({ exit: checked.exit, stderr: checked.stderr }).toEqual({ exit: 0, stderr: '' });
});

test('of many files show prints 50, and all with --all', async () => {
  const base = await tempDir();
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`file-${index}.txt`, 'x']));
  await put(join(base, 'many'), many);
  await create(join(base, 'many'), '--out', join(base, 'many.torrent'));
  const count = async (...args: string[]) =>
    (await runCli(['torrent', 'show', join(base, 'many.torrent'), ...args])).stdout.match(/file-\d+\.txt/g)?.length;
  expect(await count()).toBe(50);
  expect(await count('--all')).toBe(60);
});

test.each([[[]], [['--v1']], [['--v2']]])('verify finds what is wrong, with %j', async (version) => {
  const { folder, torrent, created } = await made(...version);
  expect(created.version).toBe({ '--v1': 'v1', '--v2': 'v2' }[version[0] ?? ''] ?? 'hybrid');
  expect([created.infoHash === null, created.infoHashV2 === null]).toEqual([
    version[0] === '--v2',
    version[0] === '--v1',
  ]);
  expect(await verify(torrent, folder)).toMatchObject({ ok: true, badPieces: 0 });
  await flip(join(folder, 'weights.safetensors'), 2 * MIB + 5);
  await flip(join(folder, 'weights.safetensors'), 5 * MIB - 8);
  await rm(join(folder, 'a.txt'));
  await appendFile(join(folder, 'README.md'), 'more');
  await truncate(join(folder, 'a/b/deep.bin'), MIB);
  await appendFile(join(folder, 'a/empty.bin'), 'x');
  const { ok, wrong, badPieces } = await verify(torrent, folder);
  expect(ok).toBe(false);
  const byPath = new Map(wrong.map(([path, status, ranges]: [string, string, unknown]) => [path, [status, ranges]]));
  expect(Object.fromEntries(byPath)).toEqual({
    'a.txt': ['missing', [[0, 1]]],
    'a/b/deep.bin': ['wrong-size', [[MIB, MIB + 1]]],
    'a/empty.bin': ['wrong-size', []],
    'README.md': ['wrong-size', []],
    'weights.safetensors': [
      'bad',
      [
        [2 * MIB, 3 * MIB],
        [4 * MIB, 5 * MIB - 7],
      ],
    ],
  });
  expect(badPieces).toBe(4);
  const text = await runCli(['torrent', 'verify', torrent, folder]);
  expect(text.exit).toBe(1);
  for (const path of byPath.keys()) expect(text.stdout).toContain(path);
});

test('a missing file of very many pieces is told at once', async () => {
  const base = await tempDir();
  const pieces = 200_000;
  const info = { length: pieces * 16, name: 'gone.bin', 'piece length': 16, pieces: new Uint8Array(pieces * 20) };
  await writeFile(join(base, 'gone.torrent'), encode({ info }));
  await mkdir(join(base, 'empty'));
  const startedAt = performance.now();
  const { wrong, badPieces } = await verify(join(base, 'gone.torrent'), join(base, 'empty'));
  expect(wrong).toEqual([['gone.bin', 'missing', [[0, pieces * 16]]]]);
  expect(badPieces).toBe(pieces);
  // Quadratic work took minutes.
  expect(performance.now() - startedAt).toBeLessThan(30_000);
});

const noMktorrent = missing(hasCommand('mktorrent', '-h'), 'mktorrent', 'apt-get install mktorrent');

test.skipIf(noMktorrent)('torrents whose pieces run across files are checked, as mktorrent makes them', async () => {
  const { base, folder } = await made();
  const torrent = join(base, 'foreign.torrent');
  await runProgram('mktorrent', ['-l', '15', '-a', TRACKER, '-o', torrent, folder]);
  const { files, pieceLength } = parseTorrent(await readFile(torrent));
  expect(pieceLength).toBe(32 * 1024);
  expect(files.some(({ offset }) => offset % pieceLength !== 0)).toBe(true);
  for (const place of [folder, base]) expect((await verify(torrent, place)).wrong).toEqual([]);
  await flip(join(folder, 'weights.safetensors'), 3 * MIB);
  const { wrong, badPieces } = await verify(torrent, folder);
  expect(badPieces).toBe(1);
  expect(wrong).toHaveLength(1);
  const [[path, status, [[start, end]]]] = wrong;
  expect([path, status, end - start]).toEqual(['weights.safetensors', 'bad', pieceLength]);
  expect(start <= 3 * MIB && 3 * MIB < end).toBe(true);
  await flip(join(folder, 'weights.safetensors'), 3 * MIB);
  await rm(join(folder, 'a/b/deep.bin'));
  const gone = await verify(torrent, folder);
  expect(gone.wrong).toContainEqual(['a/b/deep.bin', 'missing', [[0, MIB + 1]]]);
  expect(gone.badPieces).toBeGreaterThanOrEqual(33);
});

test('pieces of any length are checked, and pads are not on the disk', async () => {
  const base = await tempDir();
  const contents = { 'one.bin': pattern(1500), 'two.bin': pattern(999, 7), 'three.bin': pattern(2000, 3) };
  await put(join(base, 'odd'), contents);
  const pads = [700, 13];
  const [one, two, three] = Object.values(contents);
  const run = Buffer.concat(
    [one, new Uint8Array(700), two, new Uint8Array(13), three].map((part) => part ?? Buffer.alloc(0)),
  );
  const pieces: Buffer[] = [];
  for (let at = 0; at < run.length; at += 1000) {
    pieces.push(
      createHash('sha1')
        .update(run.subarray(at, at + 1000))
        .digest(),
    );
  }
  const entry = (name: string, length: number) => ({ length, path: [name] });
  const pad = (length: number) => ({ attr: 'p', length, path: ['.pad', String(length)] });
  const files = [
    ...[entry('one.bin', 1500), pad(pads[0] ?? 0), entry('two.bin', 999), pad(pads[1] ?? 0), entry('three.bin', 2000)],
  ];
  const info = { files, name: 'odd', 'piece length': 1000, pieces: Buffer.concat(pieces) };
  await writeFile(join(base, 'odd.torrent'), encode({ info }));
  expect((await verify(join(base, 'odd.torrent'), base)).wrong).toEqual([]);
  await flip(join(base, 'odd/two.bin'), 0);
  const { wrong, badPieces } = await verify(join(base, 'odd.torrent'), base);
  expect(badPieces).toBe(1);
  expect(wrong).toEqual([['two.bin', 'bad', [[0, 800]]]]);
});

test('nothing is written over without --force, and that is known before anything is hashed', async () => {
  const { folder, torrent } = await made();
  await writeFile(torrent, 'precious');
  const refused = await runCli(['torrent', 'create', folder, '--out', torrent]);
  expect(refused.exit).toBe(1);
  expect(refused.stderr).toContain('--force');
  expect(refused.stderr.trim().split('\n')).toHaveLength(1);
  expect(await readFile(torrent, 'utf8')).toBe('precious');
  await create(folder, '--out', torrent, '--force');
  expect((await verify(torrent, folder)).ok).toBe(true);
});

test('a torrent that is none, or not there, is told in one line that names it', async () => {
  const base = await tempDir();
  await put(base, {
    'text.torrent': 'no torrent',
    'empty.torrent': '',
    'half.torrent': 'd4:infod6:lengthi1e',
    content: 'x',
  });
  await writeFile(join(base, 'model.torrent'), '');
  await truncate(join(base, 'model.torrent'), 5 * 1024 * MIB);
  for (const name of ['text', 'empty', 'half', 'absent', 'model']) {
    const torrent = join(base, `${name}.torrent`);
    for (const args of [
      ['show', torrent],
      ['magnet', torrent],
      ['verify', torrent, join(base, 'content')],
    ]) {
      const { exit, stderr, stdout } = await runCli(['torrent', ...args]);
      expect({ stdout, lines: stderr.trim().split('\n').length }).toEqual({ stdout: '', lines: 1 });
      expect(exit).not.toBe(0);
      expect(stderr).toContain(torrent);
      expect(stderr).not.toContain('bug');
    }
  }
});

test('what is typed wrong exits with 2', async () => {
  const base = await tempDir();
  await put(base, { 'x.bin': 'x' });
  const snapshot = join(base, COMMIT);
  await put(snapshot, { 'x.bin': 'x' });
  for (const [args, words] of [
    [['create', join(base, 'x.bin'), '--v1', '--v2'], '--v2'],
    [['create', join(base, 'nothing', 'here', 'at-all')], 'neither'],
    [['create', snapshot], '--name'],
    [['create', join(base, 'x.bin'), '--tracker', 'no url'], '--tracker'],
    [['create', join(base, 'x.bin'), '--web-seed', 'file:///etc'], '--web-seed'],
    [['sho', 'x'], 'show'],
    [['show'], 'file'],
  ] as const) {
    const { exit, stderr } = await runCli(['torrent', ...args]);
    expect({ args, exit }).toEqual({ args, exit: 2 });
    expect(stderr).toContain(words);
  }
});

test('what cannot be in a torrent is named, and nothing is written', async () => {
  const base = await tempDir();
  const folder = join(base, 'odd');
  await put(folder, { 'a.bin': 'a' });
  const socket = createServer().listen(join(folder, 'a-socket'));
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const out = join(base, 'odd.torrent');
  const run = () => runCli(['torrent', 'create', folder, '--out', out]);
  const refused = await run();
  expect(refused.exit).not.toBe(0);
  expect(refused.stderr).toContain('a-socket');
  expect(refused.stderr).not.toContain('bug');
  await rm(join(folder, 'a-socket'), { force: true });
  await symlink(`../blobs/${COMMIT}`, join(folder, 'gone.bin'));
  const dangling = await run();
  expect(dangling.exit).not.toBe(0);
  expect(dangling.stderr).toContain('gone.bin');
  expect(dangling.stderr).not.toContain('bug');
  expect(await readdir(base)).toEqual(['odd']);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be read is named', async () => {
  const base = await tempDir();
  await put(join(base, 'x'), { 'locked/a.bin': 'a' });
  await chmod(join(base, 'x/locked'), 0);
  onTestFinished(() => chmod(join(base, 'x/locked'), 0o755));
  const { stderr } = await runCli(['torrent', 'create', join(base, 'x'), '--out', join(base, 'x.torrent')]);
  expect(stderr).toContain('locked');
  expect(stderr).not.toContain('bug');
});

test('a file that changes while it is hashed is an error, and nothing is written', async () => {
  const base = await tempDir();
  const big = join(base, 'big.bin');
  await writeFile(big, '');
  // A hole: read as zeros, without taking room.
  await truncate(big, 512 * MIB);
  let second = 1;
  const writer = setInterval(() => utimesSync(big, second, second++), 5);
  onTestFinished(() => clearInterval(writer));
  const { exit, stderr } = await runCli(['torrent', 'create', big, '--out', join(base, 'big.torrent')]);
  expect(exit).toBe(1);
  expect(stderr).toContain('big.bin was changed');
  expect(await readdir(base)).toEqual(['big.bin']);
});

test('ctrl-C ends create in order, and nothing is written', async () => {
  const base = await tempDir();
  const big = join(base, 'big.bin');
  await writeFile(big, '');
  // More than any machine hashes in the time that the command gets to start.
  await truncate(big, 128 * 1024 * MIB);
  const child = spawnCli(['torrent', 'create', big, '--out', join(base, 'big.torrent')]);
  await setTimeout(4000);
  child.kill('SIGINT');
  expect(await exitOf(child)).toBe(130);
  expect(await readdir(base)).toEqual(['big.bin']);
});

test('a name from a torrent cannot write to the terminal as it likes', async () => {
  const base = await tempDir();
  const name = 'evil\u001b[2J\nok  all-is-well';
  const info = { length: 1, name, 'piece length': 16384, pieces: new Uint8Array(20) };
  await writeFile(join(base, 'evil.torrent'), encode({ info }));
  for (const args of [
    ['show', join(base, 'evil.torrent')],
    ['verify', join(base, 'evil.torrent'), base],
  ]) {
    const { stdout, stderr } = await runCli(['torrent', ...args]);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout).not.toMatch(/^ok {2}all/m);
  }
});

test('ten thousand small files take seconds', async () => {
  const base = await tempDir();
  const folder = join(base, 'many');
  for (let index = 0; index < 100; index++) await mkdir(join(folder, `${index}`), { recursive: true });
  for (let index = 0; index < 10_000; index++)
    await writeFile(join(folder, `${index % 100}`, `${index}.txt`), `${index}`);
  const startedAt = performance.now();
  const torrent = join(base, 'many.torrent');
  expect(await create(folder, '--out', torrent)).toMatchObject({ files: 10_000, version: 'v2' });
  expect((await verify(torrent, folder)).ok).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(40_000);
});
