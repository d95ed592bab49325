/** Others that our pages meet over WebRTC: webtorrent in another browser, and our own client in Node. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';
import { openPage, openProfile, site } from '../support/browser-bed.ts';
import { ourTracker } from '../support/our-tracker.ts';
import { pageClient } from '../support/page-client.ts';
import { hasCommand, hasPeer, missing } from '../support/peers.ts';
import { loopbackClient, makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const PEERS = new URL('../peers/webtorrent/node_modules/', import.meta.url);
const noChromium = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');
const noWebtorrent = missing(hasPeer('webtorrent'), 'webtorrent', 'npm ci in test/peers/webtorrent');
const BYTES = patternBytes(5 * 2 ** 20 + 3, 9);
const SHA256 = hashBytes(BYTES).sha256;

/** A page with webtorrent in it. */
async function webtorrentPage(): Promise<Page> {
  const url = await site({
    '/': '<!doctype html><script type="module">globalThis.WebTorrent = (await import("/webtorrent.mjs")).default; globalThis.isReady = true;</script>',
    '/webtorrent.mjs': await readFile(new URL('webtorrent/dist/webtorrent.min.js', PEERS), 'utf8'),
  });
  return openPage(await openProfile(), url);
}

/** What of webtorrent the tests use. */
interface WebTorrentClient {
  seed(file: File, options: object, onTorrent: (torrent: { readonly magnetURI: string }) => void): void;
  add(torrent: string, options: object, onTorrent: (torrent: WebTorrentDownload) => void): void;
}
interface WebTorrentDownload {
  on(event: 'done', listener: () => void): void;
  readonly files: readonly { blob(): Promise<Blob> }[];
}
interface WebTorrentScope {
  readonly WebTorrent: new (options: object) => WebTorrentClient;
}

test.skipIf(noChromium || noWebtorrent)('a page gets what webtorrent seeds in another browser', async () => {
  const announce = await ourTracker('127.0.0.1', 'ws');
  const other = await webtorrentPage();
  const magnet = await other.evaluate(
    ([tracker, bytes]) => {
      const { WebTorrent } = globalThis as unknown as WebTorrentScope;
      const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
      const file = new File([Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0))], 'x.bin');
      return new Promise<string>((resolve) => {
        client.seed(file, { announce: [tracker], name: 'x.bin' }, ({ magnetURI }) => resolve(magnetURI));
      });
    },
    [announce, Buffer.from(BYTES).toString('base64')] as const,
  );
  const ours = await pageClient(await openProfile(), await site());
  await ours.add(magnet);
  expect(await ours.download()).toBe(SHA256);
});

test.skipIf(noChromium || noWebtorrent)('webtorrent in a browser gets what our client seeds in Node', async () => {
  const announce = await ourTracker('127.0.0.1', 'ws');
  const { magnet } = await seedFromNode(announce);
  const other = await webtorrentPage();
  const digest = await other.evaluate(
    ([link, tracker]) => {
      const { WebTorrent } = globalThis as unknown as WebTorrentScope;
      const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
      return new Promise<string>((resolve) => {
        client.add(link, { announce: [tracker] }, (torrent) => {
          torrent.on('done', async () => {
            const bytes = await (await torrent.files[0]?.blob())?.arrayBuffer();
            const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes ?? new ArrayBuffer(0)));
            resolve([...hash].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
          });
        });
      });
    },
    [magnet, announce] as const,
  );
  expect(digest).toBe(SHA256);
});

test.skipIf(noChromium || noWebtorrent)(
  'a page gets what our client seeds in Node, and passes it on to webtorrent',
  async () => {
    const announce = await ourTracker('127.0.0.1', 'ws');
    const { magnet, close } = await seedFromNode(announce);
    const ours = await pageClient(await openProfile(), await site());
    await ours.add(magnet);
    expect(await ours.download()).toBe(SHA256);
    await close();
    const other = await webtorrentPage();
    const length = await other.evaluate(
      ([link, tracker]) => {
        const { WebTorrent } = globalThis as unknown as WebTorrentScope;
        const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
        return new Promise<number>((resolve) => {
          client.add(link, { announce: [tracker] }, (torrent) => {
            torrent.on('done', async () => resolve((await torrent.files[0]?.blob())?.size ?? 0));
          });
        });
      },
      [magnet, announce] as const,
    );
    expect(length).toBe(BYTES.length);
  },
);

/** Our own client with the WebRTC of node-datachannel. */
async function seedFromNode(announce: string): Promise<{ readonly magnet: string; close(): Promise<void> }> {
  const path = fileURLToPath(new URL('node-datachannel/dist/esm/polyfill/index.mjs', PEERS));
  const { RTCPeerConnection } = (await import(path)) as { readonly RTCPeerConnection: new () => RTCPeerConnection };
  const to = await tempDir();
  const torrent = await makeContent(to, 'x.bin', { 'x.bin': BYTES }, 'v1');
  const client = await loopbackClient({ port: false, createPeerConnection: () => new RTCPeerConnection() });
  const added = await client.add(torrent, { to, trackers: [announce] });
  await added.done();
  const magnet = `magnet:?xt=urn:btih:${added.infoHash}&dn=x.bin&tr=${encodeURIComponent(announce)}`;
  return { magnet, close: () => client.close() };
}
