/** `get`, `seed` and `status` as a person types them. */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { parseTorrent } from '../../src/metainfo/parse-torrent.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { exitOf, runCli, spawnCli, startMirror } from '../support/start-server.ts';
import { loopbackClient, makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const QUIET = ['--no-dht', '--no-lsd'];
const FILES = { 'model.safetensors': patternBytes(6 * MIB + 5, 1), 'sub/config.json': '{}', 'README.md': 'hello' };
const REPO = { name: 'org/model', files: FILES, card: { license: 'mit' } };

async function setUp() {
  const base = await tempDir();
  const bytes = await makeContent(join(base, 'full'), 'm', { 'model.bin': patternBytes(8 * MIB, 2) });
  const torrent = join(base, 'm.torrent');
  await writeFile(torrent, bytes);
  const client = await loopbackClient();
  await (await client.add(bytes, { to: join(base, 'full'), readOnly: true })).ready();
  return { base, torrent, peer: `127.0.0.1:${client.port}`, env: { XDG_STATE_HOME: join(base, 'state') } };
}

test('a repo comes from the torrent of a server, its web seed, its peer and its Hub; some files of it by pattern', async () => {
  const base = await tempDir();
  const hub = await sampleHub({ repos: [REPO] });
  const mirror = await startMirror({ hub, peerPort: 0 });
  onTestFinished(() => mirror.close());
  const env = { XDG_STATE_HOME: join(base, 'state'), HF_ENDPOINT: mirror.url };
  const first = await runCli(['get', 'org/model', '--to', join(base, 'one'), ...QUIET], env);
  expect([first.exit, first.stderr]).toEqual([0, expect.stringContaining('from the Hub alone')]);
  await fetch(`${mirror.url}/torrent/org/model?wait=20`);
  const args = ['get', 'org/model@main', '*.safetensors', 'sub', '--to', join(base, 'two'), '--json', ...QUIET];
  const second = await runCli(args, env);
  const lines = second.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([second.exit, second.stderr]).toEqual([0, '']);
  expect(lines.at(-1)).toMatchObject({
    type: 'done',
    path: join(base, 'two'),
    state: 'seeding',
    infoHash: expect.any(String),
  });
  for (const folder of ['one', 'two']) {
    expect(Buffer.compare(await readFile(join(base, folder, 'model.safetensors')), FILES['model.safetensors'])).toBe(0);
    expect(await readFile(join(base, folder, 'sub/config.json'), 'utf8')).toBe('{}');
  }
  await expect(readFile(join(base, 'two/README.md'))).rejects.toThrow('ENOENT');
  const none = await runCli(['get', 'org/model', 'nothing*', '--to', base, ...QUIET], env);
  expect([none.exit, none.stderr]).toEqual([2, expect.stringContaining('model.safetensors')]);
});

test('a server whose torrent has other bytes than the Hub published does not get them into a file of their name', async () => {
  const base = await tempDir();
  const hub = await sampleHub({ repos: [REPO] });
  // The same names and lengths, and peers that have these bytes.
  const wrong = { ...FILES, 'model.safetensors': patternBytes(6 * MIB + 5, 9) };
  const bytes = await makeContent(join(base, 'wrong'), 'model', asBytes(wrong));
  const client = await loopbackClient();
  await (await client.add(bytes, { to: join(base, 'wrong'), readOnly: true })).ready();
  const server = createServer((_, response) => void response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const to = join(base, 'ours');
  const { exit, stderr } = await runCli(
    [
      ...['get', 'org/model', '--upstream', hub.url, '--server', `http://127.0.0.1:${address.port}`],
      ...['--peer', `127.0.0.1:${client.port}`, '--only-peers', '--to', to, ...QUIET],
    ],
    { XDG_STATE_HOME: join(base, 'state') },
  );
  expect([exit, stderr]).toEqual([1, expect.stringContaining('not what the Hub published')]);
  await expect(readFile(join(to, 'model.safetensors'))).rejects.toThrow('ENOENT');
});

test('what kill -9 has cut short goes on where it was, and status tells what is running', async () => {
  const { base, torrent, peer, env } = await setUp();
  const args = ['get', torrent, '--peer', peer, '--to', join(base, 'ours'), ...QUIET];
  const child = spawnCli([...args, '--max-rate', '3MB/s'], env);
  const part = join(base, 'ours/m/model.bin.part');
  for (let turn = 0; turn < 100 && !(await hasBytes(part)); turn++) await setTimeout(50);
  await setTimeout(1200);
  const status = await runCli(['status'], env);
  expect(status.stdout).toContain('m: downloading');
  child.kill('SIGKILL');
  await exitOf(child);
  const { exit, stdout } = await runCli([...args, '--json'], env);
  expect(exit).toBe(0);
  const done = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  // All that was written before was found again, but for what was on its way.
  expect(done.downloaded).toBeLessThan(7 * MIB);
  expect(await readFile(join(base, 'ours/m/model.bin'))).toHaveLength(8 * MIB);
});

test('a magnet link is enough where the DHT knows who has it', async () => {
  const base = await tempDir();
  const bytes = await makeContent(join(base, 'full'), 'a.bin', { 'a.bin': patternBytes(2 * MIB, 4) });
  const torrent = parseTorrent(bytes);
  const node = await loopbackClient({ dht: { bootstrap: [] } });
  const seed = await loopbackClient({ dht: { bootstrap: [`127.0.0.1:${node.port}`] } });
  await (await seed.add(bytes, { to: join(base, 'full'), readOnly: true })).ready();
  const magnet = `magnet:?xt=urn:btih:${Buffer.from(torrent.infoHash ?? []).toString('hex')}`;
  const args = [
    'get',
    magnet,
    '--dht-node',
    `127.0.0.1:${node.port}`,
    '--no-lsd',
    '--host',
    '127.0.0.1',
    '--to',
    join(base, 'ours'),
  ];
  const { exit } = await runCli(args, { XDG_STATE_HOME: join(base, 'state') });
  expect(exit).toBe(0);
  expect(await readFile(join(base, 'ours/a.bin'))).toHaveLength(2 * MIB);
});

test('ctrl-C ends a download in order, with 130', async () => {
  const { base, torrent, peer, env } = await setUp();
  const child = spawnCli(
    ['get', torrent, '--peer', peer, '--to', join(base, 'ours'), '--max-rate', '1MB/s', ...QUIET],
    env,
  );
  const part = join(base, 'ours/m/model.bin.part');
  for (let turn = 0; turn < 100 && !(await hasBytes(part)); turn++) await setTimeout(50);
  child.kill('SIGINT');
  expect(await exitOf(child)).toBe(130);
  expect((await runCli(['status'], env)).stdout.trim()).toBe('Nothing is running.');
});

test('the command line says what is wrong with it', async () => {
  const wrong = async (...args: string[]) => {
    const { exit, stderr } = await runCli([...args], { XDG_STATE_HOME: await tempDir() });
    return [exit, stderr];
  };
  expect(await wrong('get')).toEqual([2, expect.stringContaining('missing required argument')]);
  expect(await wrong('get', 'nosuch.torrent')).toEqual([2, expect.stringContaining('no magnet link')]);
  expect(await wrong('get', 'magnet:?xt=urn:btih:zz')).toEqual([1, expect.stringContaining('btih')]);
  expect(await wrong('get', 'x', '--peer', 'nope')).toEqual([2, expect.stringContaining('a peer looks like')]);
  expect(await wrong('seed')).toEqual([2, expect.stringContaining('--hf-cache')]);
  expect(await wrong('seed', '/nonexistent')).toEqual([2, expect.stringContaining('does not exist')]);
});

function asBytes(files: Readonly<Record<string, string | Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === 'string' ? Buffer.from(content) : content,
    ]),
  );
}

async function hasBytes(path: string): Promise<boolean> {
  return (await readFile(path).catch(() => Buffer.alloc(0))).some((byte) => byte !== 0);
}
