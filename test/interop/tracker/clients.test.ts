/** Other people's clients find one another through our tracker; none of ours is among them. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTorrent } from '../../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../../src/metainfo/parse-torrent.ts';
import { ourTracker } from '../../support/our-tracker.ts';
import { hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { makeContent, patternBytes } from '../../support/swarm-bed.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';

const MIB = 2 ** 20;
const BYTES = patternBytes(3 * MIB + 77, 5);
const INFO_HASH = 'aabbccddeeff00112233445566778899aabbccdd';
const PYTHON_PEER = new URL('../swarm/python/libtorrent_peer.py', import.meta.url).pathname;
const noLibtorrent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');
const noWebtorrent = missing(hasPeer('webtorrent'), 'webtorrent', 'npm ci in test/peers/webtorrent');

/** Starts a program that says one thing per line; it ends with the test. */
function talk(command: string, args: readonly string[]) {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { lines, child };
}

describe.skipIf(noLibtorrent)('libtorrent and libtorrent', () => {
  test.each([
    ['http', 'v1'],
    ['udp', 'v1'],
    ['http', 'v2'],
    ['udp', 'default'],
  ] as const)('over %s (%s)', async (protocol, variant) => {
    const base = await tempDir();
    const full = join(base, 'full');
    const made = parseTorrent(await makeContent(full, 'x.bin', { 'x.bin': BYTES }, variant));
    const trackers = [[await ourTracker('127.0.0.1', protocol)]];
    const torrent = join(base, 'x.torrent');
    await writeFile(torrent, createTorrent({ info: made.info, pieceLayers: made.pieceLayers, trackers }));
    const seed = talk(PYTHON, [PYTHON_PEER, torrent, full, '60']);
    await expect.poll(() => seed.lines, { timeout: 20_000 }).toContain('done');
    await mkdir(join(base, 'got'));
    const leecher = talk(PYTHON, [PYTHON_PEER, torrent, join(base, 'got'), '60']);
    await expect.poll(() => leecher.lines, { timeout: 40_000 }).toContain('done');
    expect(Buffer.compare(await readFile(join(base, 'got', 'x.bin')), BYTES)).toBe(0);
  });
});

describe.skipIf(noWebtorrent)('webtorrent and webtorrent, in Node', () => {
  test.each([
    ['http', 'tcp'],
    ['udp', 'tcp'],
    ['ws', 'webrtc'],
  ] as const)('over %s (%s)', async (protocol, transport) => {
    const announce = await ourTracker('127.0.0.1', protocol);
    const { lines } = talk(process.execPath, [join(peerFolder('webtorrent'), 'pair.mjs'), announce]);
    await expect.poll(() => lines, { timeout: 60_000 }).toContain('{"same":true}');
    expect(lines[0]).toContain(`{"wire":"${transport}`);
  });
});

describe.skipIf(noWebtorrent)("bittorrent-tracker's own client", () => {
  const start = (announce: string, port: number, ...more: string[]) => {
    const script = join(peerFolder('webtorrent'), 'tracker-client.mjs');
    return talk(process.execPath, [script, announce, INFO_HASH, String(port), ...more]);
  };

  test.each(['http', 'udp', 'ws'] as const)('goes through an announce of each kind over %s', async (protocol) => {
    const announce = await ourTracker('127.0.0.1', protocol);
    const { lines } = start(announce, 5001);
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(6);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'update', data: { complete: 0, incomplete: 1 } },
      { event: 'update', data: { complete: 0, incomplete: 1 } },
      { event: 'scrape', data: { complete: 0, incomplete: 1, downloaded: 0 } },
      { event: 'update', data: { complete: 1, incomplete: 0 } },
      { event: 'scrape', data: { complete: 1, incomplete: 0, downloaded: 1 } },
      { event: 'update', data: { complete: 0, incomplete: 0 } },
    ]);
  });

  test('hears of a native peer over HTTP and UDP, and gets offers and answers over WebSocket', async () => {
    const announce = await ourTracker('127.0.0.1');
    const [udp, ws] = ['udp', 'ws'].map((protocol) => announce.replace('http', protocol));
    const overHttp = start(announce, 5001, 'stay');
    await expect.poll(() => overHttp.lines.length, { timeout: 20_000 }).toBe(5);
    const overUdp = start(udp ?? '', 5002, 'stay');
    await expect.poll(() => overUdp.lines, { timeout: 20_000 }).toContain('{"event":"peer","data":"127.0.0.1:5001"}');
    const [one, two] = [start(ws ?? '', 5003, 'stay'), start(ws ?? '', 5004, 'stay')];
    for (const { lines } of [one, two])
      await expect.poll(() => lines, { timeout: 60_000 }).toContain('{"event":"peer","data":"webrtc"}');
    // The four of them are one swarm.
    await expect.poll(() => [...one.lines, ...two.lines].join('\n'), { timeout: 20_000 }).toContain('"complete":4');
  });
});
