/** The server as a tracker: on the port of everything else. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { parseMagnet, parseTorrent } from '../../src/metainfo/index.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';
import { loopbackClient, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const FILES = { 'model.safetensors': patternBytes(3 * MIB + 5, 1), 'config.json': '{}' };
const REPO = { name: 'org/model', files: FILES, card: { license: 'mit' } };

async function start(options: Partial<Parameters<typeof startMirror>[0]> = {}) {
  const hub = await sampleHub({ repos: [REPO] });
  const mirror = await startMirror({ hub, ...options });
  onTestFinished(() => mirror.close());
  const torrent = async () =>
    new Uint8Array(await (await fetch(`${mirror.url}/torrent/org/model?wait=20`)).arrayBuffer());
  return { mirror, torrent };
}

async function announce(url: string, infoHash: string): Promise<string> {
  const hash = infoHash.replace(/../g, '%$&');
  const response = await fetch(`${url}/announce?info_hash=${hash}&peer_id=${'p'.repeat(20)}&port=9&left=1`);
  return Buffer.from(await response.arrayBuffer()).toString('latin1');
}

test('torrents name it, over HTTP, WebSocket and UDP, and it leads to the server itself', async () => {
  const { mirror, torrent } = await start();
  const bytes = await torrent();
  const { host } = new URL(mirror.url);
  expect(parseTorrent(bytes).trackers.flat()).toEqual([
    `http://${host}/announce`,
    `ws://${host}/announce`,
    `udp://${host}/announce`,
  ]);
  const { magnetUri, swarm } = await (await fetch(`${mirror.url}/magnet/org/model`)).json();
  expect(parseMagnet(magnetUri).trackers).toHaveLength(3);
  // The server itself, once for both hashes of the hybrid.
  expect(swarm).toEqual({ seeders: 1, leechers: 0, completed: 0 });
  const client = await loopbackClient();
  const got = await client.add(bytes, { to: await tempDir(), onlyPeers: true });
  await got.done();
  expect(got.status().sources.map(({ name }) => name)).toEqual(['peers']);
  await got.remove();
  expect(await (await fetch(`${mirror.url}/-/api/tracker`)).json()).toMatchObject({ counters: { refused: 0 } });
  const metrics = await (await fetch(`${mirror.url}/-/metrics`)).text();
  expect(metrics).toContain('# TYPE modelswarm_tracker_events_total counter');
  expect(metrics).toMatch(/modelswarm_tracker_events_total\{kind="announces"\} [1-9]/);
  const { infoHash = new Uint8Array() } = parseTorrent(bytes);
  expect(metrics).not.toContain(Buffer.from(infoHash).toString('hex'));
});

test('it may be for what is known only, and for what a list names', async () => {
  const list = join(await tempDir(), 'list.txt');
  await writeFile(list, `# ours\n${'ab'.repeat(20)}\n`);
  const { mirror, torrent } = await start({ trackerFor: 'known', trackerAllowList: list });
  const { infoHash } = parseTorrent(await torrent());
  expect(await announce(mirror.url, Buffer.from(infoHash ?? []).toString('hex'))).toContain('d8:completei1e');
  expect(await announce(mirror.url, 'ab'.repeat(20))).toContain('5:peers0:');
  expect(await announce(mirror.url, 'cd'.repeat(20))).toContain('does not know this torrent');
});

test('it can be turned off, and other trackers named', async () => {
  const { mirror, torrent } = await start({ ownTracker: false, trackers: ['udp://tracker.example:1337/announce'] });
  expect(parseTorrent(await torrent()).trackers.flat()).toEqual(['udp://tracker.example:1337/announce']);
  expect((await fetch(`${mirror.url}/announce?info_hash=x`)).status).toBe(404);
  expect((await fetch(`${mirror.url}/-/api/tracker`)).status).toBe(404);
  const socket = new WebSocket(`${mirror.url.replace('http', 'ws')}/announce`);
  const failed = new Promise<Error>((resolve) => socket.once('error', resolve));
  expect(String(await failed)).toContain('404');
});

test('a server with open WebSockets ends at once', async () => {
  const { mirror } = await start();
  const socket = new WebSocket(`${mirror.url.replace('http', 'ws')}/announce`);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const before = Date.now();
  await mirror.close();
  await closed;
  expect(Date.now() - before).toBeLessThan(10_000);
});
