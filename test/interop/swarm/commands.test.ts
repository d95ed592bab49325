/** `modelswarm get` and `seed` with other people's clients as peers, each way, and with Python's cache. */

import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Variant } from '../../../src/metainfo/canonical.ts';
import { createTorrent } from '../../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../../src/metainfo/parse-torrent.ts';
import { createIsolatedNetwork, type IsolatedNetwork } from '../../support/isolated-network.ts';
import { ourTracker } from '../../support/our-tracker.ts';
import { findHfPython, hasCommand, hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { runProgram } from '../../support/run-program.ts';
import { sampleHub } from '../../support/sample-hub.ts';
import { runCli, spawnCli } from '../../support/start-server.ts';
import { makeContent, patternBytes } from '../../support/swarm-bed.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { noIsolation } from '../clients/client-bed.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';

const MIB = 2 ** 20;
const FILES = {
  'model.safetensors': patternBytes(9 * MIB + 12_345, 1),
  'sub/tokenizer.json': patternBytes(70_000, 2),
  'README.md': patternBytes(64, 3),
};
/** It tries uTP first, and waits a minute and more for an answer before it tries TCP. */
const TRANSMISSION_SETTINGS = JSON.stringify({ 'utp-enabled': false });
const QUIET = ['--no-dht', '--no-lsd'];
const apt = (name: string) => `apt-get install ${name}`;
const skip = noIsolation();
const noLibtorrent = missing(hasLibtorrent(), 'libtorrent', apt('python3-libtorrent'));
const noAria2 = missing(hasCommand('aria2c'), 'aria2', apt('aria2'));
const noTransmission = missing(hasCommand('transmission-cli'), 'transmission', apt('transmission-cli'));
const noQbittorrent = missing(hasCommand('qbittorrent-nox'), 'qBittorrent', apt('qbittorrent-nox'));
const noWebtorrent = missing(hasPeer('webtorrent'), 'webtorrent', 'npm ci in test/peers/webtorrent');
const python = findHfPython();
const noPython = missing(python, 'huggingface_hub', 'PIP_RETRIES=0 pip install huggingface_hub==2.0.0');

let network: IsolatedNetwork;
beforeAll(() => {
  if (!skip) network = createIsolatedNetwork();
});
afterAll(() => network?.close());

/** Files, a torrent of them that names a tracker, and a place for what the command remembers. */
async function setUp(variant: Variant, host: string, name: 'repo' | 'model.safetensors' = 'repo') {
  const base = await tempDir();
  const full = join(base, 'full');
  const files = name === 'repo' ? FILES : { [name]: FILES[name] };
  const { info, pieceLayers } = parseTorrent(await makeContent(full, name, files, variant));
  const torrent = join(base, 'repo.torrent');
  await writeFile(torrent, createTorrent({ info, pieceLayers, trackers: [[await ourTracker(host)]] }));
  const into = async (name: string): Promise<string> => {
    await mkdir(join(base, name));
    return join(base, name);
  };
  return { base, full, torrent, into, env: { XDG_STATE_HOME: join(base, 'state') } };
}

type Prepared = Awaited<ReturnType<typeof setUp>>;

async function expectRepo(folder: string): Promise<void> {
  for (const [path, bytes] of Object.entries(FILES)) {
    expect([path, Buffer.compare(await readFile(join(folder, path)), bytes)]).toEqual([path, 0]);
  }
}

/** Starts `modelswarm seed`, until the test ends; resolves when it seeds. */
async function seed(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly magnet: string; readonly port: number }> {
  const child = spawnCli(['seed', ...args, ...QUIET], env);
  onTestFinished(() => void child.kill());
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const { value: magnet } = await lines.next();
  const said = [];
  for await (const line of createInterface({ input: stderr })) {
    said.push(line);
    const [, port] = /seeding on port (\d+)/.exec(line) ?? [];
    if (port !== undefined) return { magnet: String(magnet), port: Number(port) };
  }
  throw new Error(`the seeder ended: ${said.join('\n')}`);
}

describe.skipIf(skip)('modelswarm seed serves every byte to', () => {
  const serve = async (variant: Variant) => {
    const { address } = network;
    const set = await setUp(variant, address);
    const { port } = await seed([set.torrent, set.full, '--host', address], set.env);
    return { ...set, peer: `${address}:${port}` };
  };

  it.skipIf(noAria2)('aria2', async () => {
    const { torrent, into } = await serve('v1');
    const folder = await into('theirs');
    const alone = ['--no-conf', '--seed-time=0', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'];
    await network.run('aria2c', [...alone, '-d', folder, torrent], { env: { HOME: folder } });
    await expectRepo(join(folder, 'repo'));
  });

  it.skipIf(noAria2)('aria2 that demands encryption', async () => {
    const { torrent, into } = await serve('v1');
    const folder = await into('theirs');
    const alone = ['--no-conf', '--seed-time=0', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'];
    const encrypted = ['--bt-require-crypto=true', '--bt-min-crypto-level=arc4'];
    await network.run('aria2c', [...alone, ...encrypted, '-d', folder, torrent], { env: { HOME: folder } });
    await expectRepo(join(folder, 'repo'));
  });

  it.skipIf(noTransmission)('transmission', async () => {
    const { torrent, into } = await serve('v1');
    const folder = await into('theirs');
    const finished = join(folder, 'finished.sh');
    await writeFile(finished, '#!/bin/sh\nkill $PPID\n', { mode: 0o755 });
    await writeFile(join(folder, 'settings.json'), TRANSMISSION_SETTINGS);
    const env = { HOME: folder, TRANSMISSION_HOME: folder };
    await network.run('transmission-cli', ['-w', folder, '-f', finished, '-M', torrent], { env });
    await expectRepo(join(folder, 'repo'));
  });

  it.skipIf(noQbittorrent)('qBittorrent, its hybrid torrent', async () => {
    const { torrent, into } = await serve('default');
    const [folder, profile] = [await into('theirs'), await into('profile')];
    const finished = join(profile, 'finished');
    await mkdir(join(profile, 'qBittorrent/config'), { recursive: true });
    await writeFile(join(profile, 'qBittorrent/config/qBittorrent.conf'), qbittorrentConfig(folder, finished));
    const untilDone = 'i=0; while [ ! -e "$DONE" ] && [ $i -lt 500 ]; do sleep 0.1; i=$((i+1)); done';
    const script = `qbittorrent-nox "$@" & ${untilDone}; kill $!; wait`;
    const args = [`--profile=${profile}`, '--skip-dialog=true', '--add-paused=false', torrent];
    await network.run('sh', ['-c', script, 'sh', ...args], { env: { HOME: profile, DONE: finished } });
    await expectRepo(join(folder, 'repo'));
  });

  it.skipIf(noWebtorrent)('webtorrent, its hybrid torrent', async () => {
    const { torrent, into, peer } = await serve('default');
    const folder = await into('theirs');
    const script = join(peerFolder('webtorrent'), 'download.mjs');
    await network.run(process.execPath, [script, torrent, folder, peer], { env: { HOME: folder } });
    await expectRepo(join(folder, 'repo'));
  });
});

describe.skipIf(skip)('modelswarm get brings every byte from', () => {
  /** Another client seeds in the isolated network; ours is told of it by the tracker. */
  const getFrom = async (command: string, argumentsFor: (prepared: Prepared) => Promise<readonly string[]>) => {
    const { address } = network;
    // A single file: those who do not know pads miss them on their disk, and would not seed all pieces.
    const set = await setUp('v1', address, 'model.safetensors');
    const done = join(set.base, 'done');
    const script = '"$@" & i=0; while [ ! -e "$DONE" ] && [ $i -lt 500 ]; do sleep 0.1; i=$((i+1)); done; kill -9 $!';
    const env = { HOME: set.base, TRANSMISSION_HOME: set.base, DONE: done };
    const running = network.run('sh', ['-c', script, 'sh', command, ...(await argumentsFor(set))], { env });
    const { exit } = await runCli(
      ['get', set.torrent, '--to', join(set.base, 'ours'), '--host', address, ...QUIET],
      set.env,
    );
    expect(exit).toBe(0);
    await writeFile(done, '');
    const found = await readFile(join(set.base, 'ours/model.safetensors'));
    expect(Buffer.compare(found, FILES['model.safetensors'])).toBe(0);
    await running;
  };

  it.skipIf(noAria2)('aria2', async () => {
    await getFrom('aria2c', async ({ full, torrent }) => {
      const alone = ['--no-conf', '--check-integrity=true', '--seed-ratio=0.0', '--enable-dht=false'];
      return [...alone, '--enable-dht6=false', '--bt-enable-lpd=false', '-d', full, torrent];
    });
  });

  it.skipIf(noTransmission)('transmission', async () => {
    await getFrom('transmission-cli', async ({ base, full, torrent }) => {
      await writeFile(join(base, 'settings.json'), TRANSMISSION_SETTINGS);
      return ['-w', full, '-M', torrent];
    });
  });
});

describe.skipIf(noLibtorrent)('with libtorrent', () => {
  async function libtorrent(torrent: string, folder: string, peer?: string) {
    const script = join(import.meta.dirname, 'python/libtorrent_peer.py');
    const args = [script, torrent, folder, '60', ...(peer ? [peer] : [])];
    const child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    return { port, done: lines.next().then(({ value }) => value === 'done') };
  }

  it.each<Variant>(['v1', 'v2', 'default'])(
    'get brings a magnet link (%s): metadata, layers and bytes from the peer',
    async (variant) => {
      const { base, full, torrent, env } = await setUp(variant, '127.0.0.1');
      const { port, done } = await libtorrent(torrent, full);
      expect(await done).toBe(true);
      const { stdout } = await runCli(['torrent', 'magnet', torrent]);
      const bare = stdout.trim().replace(/&tr=[^&]*/g, '');
      const to = join(base, 'ours');
      const { exit, stderr } = await runCli(['get', bare, '--to', to, '--peer', `127.0.0.1:${port}`, ...QUIET], env);
      expect([exit, stderr]).toEqual([0, '']);
      await expectRepo(join(to, 'repo'));
    },
  );

  it('seed makes a torrent of a folder, and libtorrent gets it by the same torrent of its own', async () => {
    const { base, full, torrent, into, env } = await setUp('default', '127.0.0.1');
    const { magnet, port } = await seed([join(full, 'repo'), '--host', '127.0.0.1'], env);
    expect(magnet).toContain(Buffer.from(parseTorrent(await readFile(torrent)).infoHash ?? []).toString('hex'));
    const theirs = await into('theirs');
    const { done } = await libtorrent(torrent, theirs, `127.0.0.1:${port}`);
    expect(await done).toBe(true);
    await expectRepo(join(theirs, 'repo'));
    expect(base).toBeTruthy();
  });

  it("seed --hf-cache serves what Python has downloaded, by everybody's torrent, and nothing gated", async () => {
    const { base, full, torrent, into, env } = await setUp('default', '127.0.0.1');
    const files = { ...FILES, 'README.md': '---\nlicense: mit\n---\n' };
    const hub = await sampleHub({
      repos: [
        { name: 'org/repo', files, card: { license: 'mit' } },
        { name: 'org/gated', files, gated: 'auto' },
      ],
      accounts: [{ token: 'hf_reader', user: 'reader', grants: ['org/gated'] }],
    });
    const cache = join(base, 'cache');
    for (const repo of ['org/repo', 'org/gated']) {
      const got = await runCli(['get', repo, '--upstream', hub.url, ...QUIET], {
        ...env,
        HF_HUB_CACHE: cache,
        HF_TOKEN: 'hf_reader',
      });
      expect([got.exit, got.stderr]).toEqual([0, expect.stringContaining('verified')]);
    }
    await cp(full, join(base, 'with-readme'), { recursive: true });
    const { magnet, port } = await seed(['--hf-cache', cache, '--upstream', hub.url, '--host', '127.0.0.1'], env);
    expect(magnet).toContain('dn=repo');
    const theirs = await into('theirs');
    await rename(join(base, 'with-readme/repo'), join(base, 'repo'));
    await writeFile(join(base, 'repo/README.md'), '---\nlicense: mit\n---\n');
    const own = join(base, 'own.torrent');
    await runCli(['torrent', 'create', join(base, 'repo'), '--out', own]);
    const { done } = await libtorrent(own, theirs, `127.0.0.1:${port}`);
    expect(await done).toBe(true);
    expect(Buffer.compare(await readFile(join(theirs, 'repo/model.safetensors')), FILES['model.safetensors'])).toBe(0);
    expect(torrent).toBeTruthy();
  });
});

describe.skipIf(noPython)('with huggingface_hub', () => {
  it('what get has put into the cache is found offline, by file and as a snapshot', async () => {
    const base = await tempDir();
    const files = {
      'config.json': '{"a":1}',
      'model.safetensors': patternBytes(3 * MIB, 4),
      'sub/x.txt': 'x',
      'empty.txt': '',
    };
    const hub = await sampleHub({ repos: [{ name: 'org/model', files }] });
    const env = { XDG_STATE_HOME: join(base, 'state'), HF_HUB_CACHE: join(base, 'cache') };
    const got = await runCli(['get', 'org/model', '--upstream', hub.url, ...QUIET], env);
    expect([got.exit, got.stderr]).toEqual([0, expect.stringContaining('verified')]);
    const script = `
import json
from huggingface_hub import hf_hub_download, snapshot_download, scan_cache_dir
info = scan_cache_dir()
print(json.dumps([hf_hub_download("org/model", "config.json"), hf_hub_download("org/model", "sub/x.txt"),
  snapshot_download("org/model"), len(info.repos), [str(w) for w in info.warnings], sorted(r.refs and "main" for repo in info.repos for r in repo.revisions)]))`;
    const { stdout, stderr, code } = await runProgram(python ?? '', ['-c', script], {
      env: { HOME: base, HF_HUB_CACHE: join(base, 'cache'), HF_HUB_OFFLINE: '1' },
    });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const [config, nested, snapshot, repos, warnings] = JSON.parse(stdout);
    expect(snapshot).toBe(got.stdout.trim());
    expect([repos, warnings]).toEqual([1, []]);
    expect(await readFile(config, 'utf8')).toBe('{"a":1}');
    expect(await readFile(nested, 'utf8')).toBe('x');
    expect(Buffer.compare(await readFile(join(snapshot, 'model.safetensors')), files['model.safetensors'])).toBe(0);
  });
});

function qbittorrentConfig(folder: string, finished: string): string {
  return `[LegalNotice]
Accepted=true
[AutoRun]
enabled=true
program=touch ${finished}
[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\DefaultSavePath=${folder}
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=7996
`;
}
