/** The server as a BitTorrent peer: of what it holds and may pass on, opened when somebody asks. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseMagnet, parseTorrent } from '../../src/metainfo/index.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';
import { loopbackClient, makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const FILES = { 'model.safetensors': patternBytes(3 * MIB + 5, 1), 'config.json': '{}', 'empty.bin': '' };
const REPO = { name: 'org/model', files: FILES, card: { license: 'mit' } };

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  expect([url, response.status]).toEqual([url, 200]);
  return new Uint8Array(await response.arrayBuffer());
}

async function expectModel(folder: string): Promise<void> {
  expect(Buffer.compare(await readFile(join(folder, 'model.safetensors')), FILES['model.safetensors'])).toBe(0);
}

test.each(['', '?v=1', '?v=2'])('peers get a repo and a file, plain and encrypted (torrent%s)', async (variant) => {
  const hub = await sampleHub({ repos: [REPO] });
  const mirror = await startMirror({ hub, peerPort: 0 });
  const { separator, torrent, magnet } = {
    separator: variant === '' ? '?' : '&',
    torrent: '/torrent/org/model',
    magnet: '/magnet/org/model',
  };
  const repo = await fetchBytes(`${mirror.url}${torrent}${variant}${separator}wait=20`);
  const document = await (await fetch(`${mirror.url}${magnet}${variant}`)).json();
  const { peers } = parseMagnet(document.magnetUri);
  expect(peers).toHaveLength(1);
  const to = await tempDir();
  const plain = await loopbackClient();
  const got = await plain.add(repo, { to, peers, onlyPeers: true });
  await got.done();
  await expectModel(join(to, 'model'));
  const file = await fetchBytes(`${mirror.url}${torrent}/model.safetensors${variant}${separator}wait=20`);
  const secret = await loopbackClient({ encryption: 'required' });
  const alone = await secret.add(file, { to: join(to, 'alone'), peers, onlyPeers: true });
  await alone.done();
  await expectModel(join(to, 'alone'));
  await mirror.close();
});

test('a server that was started again serves what it made before, without having been asked', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const dataDir = await tempDir();
  const first = await startMirror({ hub, dataDir, peerPort: 0 });
  const repo = await fetchBytes(`${first.url}/torrent/org/model?wait=20`);
  await first.close();
  const second = await startMirror({ hub, dataDir, peerPort: 0 });
  const other = await (await fetch(`${second.url}/magnet/org/model/config.json?wait=20`)).json();
  const { peers } = parseMagnet(other.magnetUri);
  const to = await tempDir();
  const client = await loopbackClient();
  const got = await client.add(repo, { to, peers, onlyPeers: true });
  await got.done();
  await expectModel(join(to, 'model'));
  for (let turn = 0; turn < 100; turn++) {
    const stats = await (await fetch(`${second.url}/hf-stats`)).json();
    if (stats.totals.bytesByPeers > 3 * MIB) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  expect.fail('the bytes that went to peers were not counted');
});

test('a file that was only downloaded over HTTP is seeded, too, by the torrent that everybody makes of it', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const mirror = await startMirror({ hub, peerPort: 0 });
  const content = await fetchBytes(`${mirror.url}/org/model/resolve/main/model.safetensors`);
  const base = await tempDir();
  const torrent = await makeContent(base, 'model.safetensors', { 'model.safetensors': content });
  const other = await (await fetch(`${mirror.url}/magnet/org/model/config.json?wait=20`)).json();
  const client = await loopbackClient();
  const got = await client.add(torrent, {
    to: join(base, 'ours'),
    peers: parseMagnet(other.magnetUri).peers,
    onlyPeers: true,
  });
  await got.done();
  await expectModel(join(base, 'ours'));
  await mirror.close();
});

test('what was gated meanwhile is closed to peers', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const dataDir = await tempDir();
  const first = await startMirror({ hub, dataDir, peerPort: 0 });
  const repo = await fetchBytes(`${first.url}/torrent/org/model?wait=20`);
  const { magnetUri } = await (await fetch(`${first.url}/magnet/org/model`)).json();
  const { peers } = parseMagnet(magnetUri);
  const [, port = ''] = /:(\d+)$/.exec(peers[0] ?? '') ?? [];
  await first.close();
  hub.updateRepo('org/model', { gated: 'manual' });
  // Ten minutes later nothing that was known is believed any more.
  const later = { now: () => Date.now() + 11 * 60_000, sleep: systemSleep };
  const second = await startMirror({ hub, dataDir, peerPort: Number(port), clock: later });
  const client = await loopbackClient();
  const got = await client.add(repo, { to: await tempDir(), peers, onlyPeers: true });
  await new Promise((next) => setTimeout(next, 2000));
  expect(got.status()).toMatchObject({ done: 0, peers: 0 });
  await second.close();
});

test('trackers are told of what was made', async () => {
  const asked: string[] = [];
  const tracker = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('d8:intervali1800e5:peers0:e');
  });
  await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void tracker.close());
  const address = tracker.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const hub = await sampleHub({ repos: [REPO] });
  const mirror = await startMirror({ hub, peerPort: 0, trackers: [`http://127.0.0.1:${address.port}/announce`] });
  const { infoHash } = parseTorrent(await fetchBytes(`${mirror.url}/torrent/org/model?wait=20`));
  const isTold = (): boolean =>
    asked.some((url) =>
      Buffer.from(unescape(/info_hash=([^&]*)/.exec(url)?.[1] ?? ''), 'latin1').equals(Buffer.from(infoHash ?? [])),
    );
  await expect.poll(isTold, { timeout: 10_000 }).toBe(true);
  expect(asked[0]).toContain('left=0');
});

test('a magnet link without a tracker or an address is found in the DHT', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const node = await loopbackClient({ dht: { bootstrap: [] } });
  const dhtNodes = [`127.0.0.1:${node.port}`];
  const mirror = await startMirror({ hub, peerPort: 0, dht: true, dhtNodes });
  await fetchBytes(`${mirror.url}/torrent/org/model?wait=20`);
  const { infoHash } = await (await fetch(`${mirror.url}/magnet/org/model`)).json();
  const client = await loopbackClient({ dht: { bootstrap: dhtNodes } });
  const to = await tempDir();
  const got = await client.add(`magnet:?xt=urn:btih:${infoHash}`, { to, onlyPeers: true });
  await got.done();
  await expectModel(join(to, 'model'));
  await mirror.close();
});

function systemSleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    timer.unref();
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
