import { describe, expect, test } from 'vitest';
import { bigFiles, type Content } from '../../src/sample-hub/index.ts';
import { download, until } from '../support/downloads.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { spawnMirror } from '../support/start-server.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const REPO = 'org/model';
const FILE = '/org/model/resolve/main/model.bin';

function contentOf(name: string): Content {
  const content = bigFiles().get(name);
  if (!content) throw new Error(`the sample hub has no ${name}`);
  return content;
}

async function setUp(name: string) {
  const hub = await sampleHub({ repos: [{ name: REPO, files: { 'model.bin': contentOf(name) } }] });
  return { hub, sha256: hub.file(REPO, 'model.bin').sha256 };
}

describe('at full size', () => {
  test('200 clients get a cold 64 MiB file that the Hub sends once', async () => {
    const { hub, sha256 } = await setUp('64m.bin');
    await using mirror = await spawnMirror({ hub });
    const all = await Promise.all(Array.from({ length: 200 }, () => download(mirror.url + FILE)));
    for (const one of all) expect(one).toMatchObject({ status: 200, sha256, cut: false });
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThanOrEqual(64 * MIB * 1.01);
  });

  test('1 GiB comes through a server that is killed five times on the way', async () => {
    const { hub, sha256 } = await setUp('1g.bin');
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { totalBytesPerSecond: 150 * MIB });
    let dataDir: string | undefined;
    for (let kill = 1; kill <= 5; kill++) {
      const mirror = await spawnMirror({ hub, ...(dataDir === undefined ? {} : { dataDir }) });
      dataDir = mirror.dataDir;
      const running = download(mirror.url + FILE).catch(() => undefined);
      await until(() => hub.bytesSent(REPO, 'model.bin') > (kill * GIB) / 6, 60);
      await mirror.kill('SIGKILL');
      await running;
    }
    await using mirror = await spawnMirror({ hub, ...(dataDir === undefined ? {} : { dataDir }) });
    expect(await download(mirror.url + FILE)).toMatchObject({ sha256, cut: false });
    // Each kill loses at most what came in the last second and a half.
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThan(GIB + 5 * 225 * MIB);
  });

  test('20 GB come through whole and verified', async () => {
    const { hub, sha256 } = await setUp('20g.bin');
    await using mirror = await spawnMirror({ hub });
    const cold = await download(mirror.url + FILE);
    expect(cold).toMatchObject({ status: 200, sha256, cut: false });
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThanOrEqual(20e9 * 1.01);
    const tail = await download(mirror.url + FILE, { headers: { range: 'bytes=-1000' } });
    expect(tail.headers['x-modelswarm-verified']).toBe('blob');
  });
});
