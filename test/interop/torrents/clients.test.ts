import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCommand, hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { type ClientBed, createClientBed, noIsolation } from '../clients/client-bed.ts';
import { hasLibtorrent, PYTHON } from './libtorrent.ts';
import { expectFile, expectRepo, saveTorrent, TORRENT_REPO } from './torrent-bed.ts';

const skip = noIsolation();
const apt = (name: string) => `apt-get install ${name}`;
const noLibtorrent = missing(hasLibtorrent(), 'libtorrent', apt('python3-libtorrent'));
const noAria2 = missing(hasCommand('aria2c'), 'aria2', apt('aria2'));
const noTransmission = missing(hasCommand('transmission-cli'), 'transmission', apt('transmission-cli'));
const noQbittorrent = missing(hasCommand('qbittorrent-nox'), 'qBittorrent', apt('qbittorrent-nox'));
const noWebtorrent = missing(hasPeer('webtorrent'), 'webtorrent', 'npm ci in test/peers/webtorrent');

const REPO = `/torrent/${TORRENT_REPO.name}`;
const NAME = 'nested-model';
const FILE = 'model.safetensors';
const VARIANTS = ['', '?v=1', '?v=2'];

/** No trackers, no DHT, and a network with nobody else in it: all bytes come from the mirror. */
describe.skipIf(skip)('a client that has nothing but the web seed gets every byte of', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({ repos: [TORRENT_REPO] });
  });
  afterAll(() => bed.close());

  const libtorrent = async (torrent: string, folder: string) => {
    const script = join(import.meta.dirname, 'python/libtorrent_download.py');
    const { stdout } = await bed.run(PYTHON, [script, torrent, folder, '60']);
    return JSON.parse(stdout) as { done: boolean; v1: string | null; v2: string | null; errors: string[] };
  };

  it.skipIf(noLibtorrent).each(VARIANTS)('a repo, with libtorrent, its torrent%s', async (variant) => {
    const mirror = await bed.mirror();
    const folder = await bed.folder();
    const torrent = await saveTorrent(mirror, REPO + variant, folder);
    const { done, v1, v2, errors } = await libtorrent(torrent, folder);
    expect(errors).toEqual([]);
    expect(done).toBe(true);
    await expectRepo(bed, join(folder, NAME));
    const magnet = await (await fetch(`${mirror.url}/magnet/${TORRENT_REPO.name}${variant}`)).json();
    expect({ v1, v2 }).toEqual({ v1: magnet.infoHash, v2: magnet.infoHashV2 });
  });

  it.skipIf(noLibtorrent).each(VARIANTS)('a file, with libtorrent, its torrent%s', async (variant) => {
    const mirror = await bed.mirror();
    for (const path of [FILE, 'a/b/c/d/deep.bin', 'ünïcödé/日本語 😀.txt']) {
      const folder = await bed.folder();
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const torrent = await saveTorrent(mirror, `${REPO}/${encoded}${variant}`, folder);
      expect(await libtorrent(torrent, folder)).toMatchObject({ done: true, errors: [] });
      await expectFile(bed, path, join(folder, path.slice(path.lastIndexOf('/') + 1)));
    }
  });

  it.skipIf(noAria2)('a repo and a file, with aria2, their torrents?v=1', async () => {
    const mirror = await bed.mirror();
    const alone = ['--no-conf', '--seed-time=0', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'];
    for (const path of [REPO, `${REPO}/${FILE}`]) {
      const folder = await bed.folder();
      const torrent = await saveTorrent(mirror, `${path}?v=1`, folder);
      await bed.run('aria2c', [...alone, '--enable-peer-exchange=false', '-d', folder, torrent]);
      if (path === REPO) await expectRepo(bed, join(folder, NAME));
      else await expectFile(bed, FILE, join(folder, FILE));
    }
  });

  it.skipIf(noTransmission)('a repo and a file, with transmission, their torrents?v=1', async () => {
    const mirror = await bed.mirror();
    for (const path of [REPO, `${REPO}/${FILE}`]) {
      const folder = await bed.folder();
      const torrent = await saveTorrent(mirror, `${path}?v=1`, folder);
      const finished = join(folder, 'finished.sh');
      await writeFile(finished, '#!/bin/sh\nkill $PPID\n', { mode: 0o755 });
      const home = await bed.folder();
      await bed.attempt('transmission-cli', ['-w', folder, '-f', finished, '-M', torrent], {
        env: { HOME: home, TRANSMISSION_HOME: home },
        timeout: 60_000,
      });
      if (path === REPO) await expectRepo(bed, join(folder, NAME), { makesEmptyFiles: false });
      else await expectFile(bed, FILE, join(folder, FILE));
    }
  });

  it.skipIf(noQbittorrent)('a repo, with qBittorrent, its hybrid torrent', async () => {
    const mirror = await bed.mirror();
    const folder = await bed.folder();
    const profile = await bed.folder();
    const torrent = await saveTorrent(mirror, REPO, profile);
    const finished = join(profile, 'finished');
    await mkdir(join(profile, 'qBittorrent/config'), { recursive: true });
    await writeFile(join(profile, 'qBittorrent/config/qBittorrent.conf'), qbittorrentConfig(folder, finished));
    // It has no option to end when it is done, and detaches what it runs then.
    const untilDone = 'i=0; while [ ! -e "$DONE" ] && [ $i -lt 500 ]; do sleep 0.1; i=$((i+1)); done';
    const script = `qbittorrent-nox "$@" & ${untilDone}; kill $!; wait`;
    const args = [`--profile=${profile}`, '--skip-dialog=true', '--add-paused=false', torrent];
    await bed.attempt('sh', ['-c', script, 'sh', ...args], { env: { DONE: finished }, timeout: 60_000 });
    await expectRepo(bed, join(folder, NAME));
  });

  it.skipIf(noWebtorrent)('a repo and a file, with webtorrent, their hybrid torrents', async () => {
    const mirror = await bed.mirror();
    for (const path of [REPO, `${REPO}/${FILE}`]) {
      const folder = await bed.folder();
      const torrent = await saveTorrent(mirror, path, folder);
      await bed.run(process.execPath, [join(peerFolder('webtorrent'), 'download.mjs'), torrent, folder]);
      if (path === REPO) await expectRepo(bed, join(folder, NAME), { makesEmptyFiles: false });
      else await expectFile(bed, FILE, join(folder, FILE));
    }
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
Session\\PeXEnabled=false
Session\\DefaultSavePath=${folder}
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=7996
`;
}
