/** The client of pages, in real Chromium profiles. */
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';
import { openPage, openProfile, site } from '../support/browser-bed.ts';
import { hasCommand, missing } from '../support/peers.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror, type TestMirror } from '../support/start-server.ts';
import { patternBytes } from '../support/swarm-bed.ts';

const noChromium = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');
const MIB = 2 ** 20;
const BYTES = patternBytes(64 * MIB + 7, 5);
const SHA256 = hashBytes(BYTES).sha256;
const MODEL = 'org/model/model.safetensors';

/** A server that holds the model. */
async function serverWithModel(): Promise<TestMirror> {
  const hub = await sampleHub({
    repos: [
      { name: 'org/model', files: { 'model.safetensors': BYTES, 'config.json': '{}' }, card: { license: 'mit' } },
    ],
  });
  const mirror = await startMirror({ hub });
  onTestFinished(() => mirror.close());
  expect((await fetch(`${mirror.url}/torrent/${MODEL}?wait=20`)).status).toBe(200);
  return mirror;
}

/** Opens a client on the page, and adds the model. */
async function addModel(page: Page, server: string): Promise<void> {
  await page.evaluate(
    async ([serverUrl, model]) => {
      const scope = globalThis as any;
      scope.client = await scope.ms.createClient({ server: serverUrl });
      scope.torrent = await scope.client.add(model);
    },
    [server, MODEL] as const,
  );
}

/** Downloads all of it; returns its SHA-256, and the torrent's status at the end. */
function download(
  page: Page,
): Promise<{ sha256: string; sources: { name: string; received: number }[]; storage: string }> {
  return page.evaluate(async () => {
    const { torrent, client } = globalThis as any;
    await torrent.ready();
    await torrent.done();
    const blob: Blob = await torrent.files[0].blob();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
    await new Promise((resolve) => setTimeout(resolve, 600));
    const status = client.status().torrents[0];
    return {
      sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      sources: status.sources,
      storage: status.storage,
    };
  });
}

test.skipIf(noChromium)('a second profile gets a model from the first', { timeout: 120_000 }, async () => {
  const mirror = await serverWithModel();
  const url = await site();
  const one = await openPage(await openProfile(), url);
  await addModel(one, mirror.url);
  const first = await download(one);
  expect(first).toMatchObject({ sha256: SHA256, storage: 'opfs' });
  const two = await openPage(await openProfile(), url);
  await addModel(two, mirror.url);
  const second = await download(two);
  console.log(JSON.stringify([first.sources, second.sources]));
  expect(second.sha256).toBe(SHA256);
  const ofPeers = second.sources.find(({ name }) => name === 'peers')?.received ?? 0;
  expect(ofPeers).toBeGreaterThan(0.8 * BYTES.length);
});
