/** webtorrent in a real Chromium: two clients that know nothing but our tracker exchange a file over WebRTC. */
import { expect, test } from 'vitest';
import { runInChromium } from '../../support/chromium.ts';
import { ourTracker } from '../../support/our-tracker.ts';
import { hasCommand, hasPeer, missing } from '../../support/peers.ts';

const noChromium = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');
const noWebtorrent = missing(hasPeer('webtorrent'), 'webtorrent', 'npm ci in test/peers/webtorrent');

test.skipIf(noChromium || noWebtorrent)('one seeds, the other downloads', async () => {
  const announce = await ourTracker('127.0.0.1', 'ws');
  const result = await runInChromium(`
    import WebTorrent from '/test/peers/webtorrent/node_modules/webtorrent/dist/webtorrent.min.js';
    const tracker = { rtcConfig: { iceServers: [] } };
    const create = () => {
      const client = new WebTorrent({ dht: false, lsd: false, tracker });
      client.on('error', (error) => { throw error; });
      return client;
    };
    const bytes = Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 31 + (at >> 8)) & 255);
    const announce = [${JSON.stringify(announce)}];
    create().seed(new File([bytes], 'x.bin'), { announce, name: 'x.bin' }, (seed) => {
      create().add(seed.infoHash, { announce }, (torrent) => {
        torrent.on('done', async () => {
          const got = new Uint8Array(await (await torrent.files[0].blob()).arrayBuffer());
          report({ length: got.length, same: got.every((byte, at) => byte === bytes[at]), peers: torrent.numPeers });
        });
      });
    });
  `);
  expect(result).toMatchObject({ length: 1_000_003, same: true });
});
