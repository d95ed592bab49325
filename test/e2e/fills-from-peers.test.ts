/** Fills that take bytes from the peers of a torrent beside the Hub. */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTorrent } from '../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../src/metainfo/parse-torrent.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror, type TestMirror } from '../support/start-server.ts';
import { loopbackClient, makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const SIZE = 32 * MIB + 7;
const BYTES = patternBytes(SIZE, 3);
const REPO = {
  name: 'org/model',
  files: { 'model.safetensors': BYTES, 'config.json': '{}' },
  card: { license: 'mit' },
};
const FILE = 'org/model/resolve/main/model.safetensors';

type Options = Parameters<typeof startMirror>[0];

async function start(options: Options): Promise<TestMirror> {
  const mirror = await startMirror(options);
  onTestFinished(() => mirror.close());
  return mirror;
}

/** A server that takes from this torrent, once it knows what is in it. */
async function startWith(torrent: string, hub: Options['hub']) {
  const logger = recordingLogger();
  const mirror = await start({ hub, torrentSources: [torrent], logger });
  await expect.poll(() => JSON.stringify(logger.lines), { timeout: 10_000 }).toContain('torrents: known');
  return { mirror, logger };
}

async function get({ url }: TestMirror): Promise<Uint8Array> {
  const response = await fetch(`${url}/${FILE}`);
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

test.each(['model', 'file'])('peers bring their share of a file (torrent of the %s)', async (kind) => {
  const hub = await sampleHub({ repos: [REPO] });
  const seeding = await start({ hub });
  const of = kind === 'model' ? 'org/model' : 'org/model/model.safetensors';
  const { magnetUri } = await (await fetch(`${seeding.url}/magnet/${of}?wait=20`)).json();
  hub.resetCounters();
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 8 * MIB });
  const { mirror } = await startWith(magnetUri, hub);
  expect(Buffer.compare(await get(mirror), BYTES)).toBe(0);
  expect(hub.bytesSent('org/model', 'model.safetensors')).toBeLessThan(SIZE * 0.8);
  // What peers brought lay beside the fill, and is gone.
  await expect.poll(() => readdir(join(mirror.dataDir, 'swarm')).catch(() => [])).toEqual([]);
});

test('what a killed server has left of them is gone after the next start, with torrents or without', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const dataDir = await tempDir();
  await (await startMirror({ hub, dataDir })).close();
  await mkdir(join(dataDir, 'swarm', 'x'), { recursive: true });
  await writeFile(join(dataDir, 'swarm', 'x', 'model.safetensors'), BYTES.subarray(0, 1000));
  await start({ hub, dataDir });
  expect(await readdir(dataDir)).not.toContain('swarm');
});

test('peers that are not there cost nothing but a moment', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const seeding = await start({ hub });
  const response = await fetch(`${seeding.url}/torrent/org/model?wait=20`);
  const folder = await tempDir();
  const path = join(folder, 'x.torrent');
  await writeFile(path, new Uint8Array(await response.arrayBuffer()));
  await seeding.close();
  const { mirror } = await startWith(path, hub);
  const before = Date.now();
  expect(Buffer.compare(await get(mirror), BYTES)).toBe(0);
  expect(Date.now() - before).toBeLessThan(30_000);
});

test('a torrent that has other bytes than the Hub spoils one download, and no other', async () => {
  const hub = await sampleHub({ repos: [REPO] });
  const folder = await tempDir();
  const made = parseTorrent(
    await makeContent(folder, 'model.safetensors', { 'model.safetensors': patternBytes(SIZE, 9) }),
  );
  const commit = hub.commit('org/model');
  const bytes = createTorrent({ info: made.info, pieceLayers: made.pieceLayers });
  const seeder = await loopbackClient();
  const seed = await seeder.add(bytes, { to: folder, isComplete: true });
  await seed.ready();
  const link = `magnet:?xt=urn:btih:${seed.infoHash}&x.pe=127.0.0.1:${seeder.port}&ws=http://127.0.0.1:9/org/model/${commit}/`;
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 8 * MIB });
  const { mirror, logger } = await startWith(link, hub);
  const spoilt = await fetch(`${mirror.url}/${FILE}`);
  await spoilt.arrayBuffer().catch(() => {});
  expect(JSON.stringify(logger.lines)).toContain('not used any more');
  expect(Buffer.compare(await get(mirror), BYTES)).toBe(0);
});
