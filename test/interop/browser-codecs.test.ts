/** The parts that are said to run in browsers do, in a real one, and give what Node gives. */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/base/hex.ts';
import { createStreamHasher } from '../../src/hashing/stream-hasher.ts';
import { planFileTorrent, sealLayout } from '../../src/metainfo/canonical.ts';
import { createTorrent } from '../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../src/metainfo/parse-torrent.ts';
import { runInChromium } from '../support/chromium.ts';
import { hasCommand, missing } from '../support/peers.ts';

const SIZE = 5 * 1024 * 1024 + 4321;
const absent = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');

describe.skipIf(absent)('in Chromium', () => {
  test('a stream of bytes gets the hashes and the torrent that Node gives it, and the torrent is read back', async () => {
    const bytes = new Uint8Array(SIZE).map((_byte, index) => (index * 31 + (index >> 8)) & 255);
    const hasher = await createStreamHasher([1024 * 1024]);
    await hasher.update(bytes);
    const { sha256, hashes } = await hasher.finish();
    const { info, pieceLayers } = sealLayout(planFileTorrent('file.bin', SIZE), () => hashes);
    const torrent = parseTorrent(createTorrent({ info, pieceLayers }));
    const reported = await runInChromium(`
      import { createStreamHasher } from 'modelswarm/hashing';
      import { createTorrent, parseTorrent, planFileTorrent, sealLayout } from 'modelswarm/metainfo';
      const bytes = new Uint8Array(${SIZE}).map((_byte, index) => (index * 31 + (index >> 8)) & 255);
      const hasher = await createStreamHasher([1024 * 1024]);
      await hasher.update(bytes);
      const { sha256, hashes } = await hasher.finish();
      const { info, pieceLayers } = sealLayout(planFileTorrent('file.bin', ${SIZE}), () => hashes);
      const torrent = parseTorrent(createTorrent({ info, pieceLayers }));
      const hex = (bytes) => bytes.toHex ? bytes.toHex() : [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      report({ sha256, infoHash: hex(torrent.infoHash), infoHashV2: hex(torrent.infoHashV2), layers: torrent.pieceLayers.size });
    `);
    expect(reported).toEqual({
      sha256,
      infoHash: toHex(torrent.infoHash ?? new Uint8Array(0)),
      infoHashV2: toHex(torrent.infoHashV2 ?? new Uint8Array(0)),
      layers: 1,
    });
  });
});
