/** The client of pages, in real Chromium profiles, against a real server. */
import { expect, onTestFinished, test } from 'vitest';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';
import { openPage, openProfile, site } from '../support/browser-bed.ts';
import { type PageScope, pageClient } from '../support/page-client.ts';
import { hasCommand, missing } from '../support/peers.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror, type TestMirror } from '../support/start-server.ts';
import { patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const noChromium = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');
const MIB = 2 ** 20;
const BYTES = patternBytes(64 * MIB + 7, 5);
const SHA256 = hashBytes(BYTES).sha256;
const MODEL = 'org/model/model.safetensors';

/** A server that holds the model. */
async function serverWithModel(
  options: { readonly port?: number; readonly egressLimit?: number } = {},
): Promise<TestMirror> {
  const hub = await sampleHub({
    repos: [
      { name: 'org/model', files: { 'model.safetensors': BYTES, 'config.json': '{}' }, card: { license: 'mit' } },
    ],
  });
  const mirror = await startMirror({ hub, ...options });
  onTestFinished(() => mirror.close());
  expect((await fetch(`${mirror.url}/torrent/${MODEL}?wait=20`)).status).toBe(200);
  return mirror;
}

test.skipIf(noChromium)('a second profile gets a model from the first', async () => {
  const server = await serverWithModel();
  const url = await site();
  const one = await pageClient(await openProfile(), url, { server: server.url });
  await one.add(MODEL);
  expect(await one.download()).toBe(SHA256);
  const two = await pageClient(await openProfile(), url, { server: server.url });
  await two.add(MODEL);
  expect(await two.download()).toBe(SHA256);
  expect((await two.received()).peers).toBeGreaterThan(0.8 * BYTES.length);
  expect((await one.status()).storage).toBe('opfs');
});

test.skipIf(noChromium)('the server is killed in mid-download: the rest comes from a peer', async () => {
  const server = await serverWithModel();
  const url = await site();
  const one = await pageClient(await openProfile(), url, { server: server.url });
  await one.add(MODEL);
  await one.download();
  const two = await pageClient(await openProfile(), url, { server: server.url, maxDownRate: 8 * MIB });
  await two.add(MODEL);
  await expect.poll(async () => (await two.status()).done, { timeout: 20_000 }).toBeGreaterThan(4 * MIB);
  await server.close();
  expect((await two.status()).progress).toBeLessThan(1);
  expect(await two.download()).toBe(SHA256);
});

test.skipIf(noChromium)('the peer is killed in mid-download: the rest comes from the server', async () => {
  const server = await serverWithModel();
  const url = await site();
  const first = await openProfile();
  const one = await pageClient(first, url, { server: server.url, maxUpRate: 4 * MIB });
  await one.add(MODEL);
  await one.download();
  const two = await pageClient(await openProfile(), url, { server: server.url });
  await two.add(MODEL);
  await expect.poll(async () => (await two.received()).peers, { timeout: 20_000 }).toBeGreaterThan(4 * MIB);
  await first.close();
  expect(await two.download()).toBe(SHA256);
  expect((await two.received()).seeds).toBeGreaterThan(8 * MIB);
});

test.skipIf(noChromium)('what was verified is not fetched again after everything was killed', async () => {
  const server = await serverWithModel();
  const url = await site();
  const folder = await tempDir();
  const before = await openProfile(folder);
  const one = await pageClient(before, url, { server: server.url, maxDownRate: 8 * MIB });
  await one.add(MODEL);
  await expect.poll(async () => (await one.status()).done, { timeout: 20_000 }).toBeGreaterThan(24 * MIB);
  const { done } = await one.status();
  // The renderer, with its worker: nothing is said goodbye to.
  await one.page.goto('chrome://crash').catch(() => {});
  await before.close();
  const again = await pageClient(await openProfile(folder), url, { server: server.url });
  await again.add(MODEL);
  expect(await again.download()).toBe(SHA256);
  const { peers, seeds } = await again.received();
  expect(peers + seeds).toBeLessThanOrEqual(BYTES.length - done + 4 * MIB);
});

test.skipIf(noChromium)(
  'tabs share one engine; when its tab is closed in mid-download, another takes over',
  async () => {
    const server = await serverWithModel();
    const url = await site();
    const context = await openProfile();
    const options = { server: server.url, maxDownRate: 8 * MIB };
    const one = await pageClient(context, url, options);
    await one.add(MODEL);
    const two = await pageClient(context, url, options);
    await two.add(MODEL);
    expect([await one.isLeader(), await two.isLeader()]).toEqual([true, false]);
    await expect.poll(async () => (await two.status()).done, { timeout: 20_000 }).toBeGreaterThan(16 * MIB);
    const whole = two.download();
    await one.page.close();
    expect(await whole).toBe(SHA256);
    expect(await two.isLeader()).toBe(true);
    const { peers, seeds } = await two.received();
    // What the first tab had is there.
    expect(peers + seeds).toBeLessThan(52 * MIB);
  },
);

test.skipIf(noChromium)('a leader that closes its client leaves the other tabs to go on', async () => {
  const server = await serverWithModel();
  const url = await site();
  const context = await openProfile();
  const options = { server: server.url, maxDownRate: 16 * MIB };
  const one = await pageClient(context, url, options);
  await one.add(MODEL);
  const two = await pageClient(context, url, options);
  await two.add(MODEL);
  await expect.poll(async () => (await two.status()).done, { timeout: 20_000 }).toBeGreaterThan(8 * MIB);
  const whole = two.download();
  await one.page.evaluate(() => (globalThis as unknown as PageScope).client.close());
  expect(await whole).toBe(SHA256);
  expect(await two.isLeader()).toBe(true);
});

test.skipIf(noChromium)('a tab without peers and with a server of its own gets that, whoever leads', async () => {
  const server = await serverWithModel();
  const url = await site();
  const context = await openProfile();
  const leader = await pageClient(context, url);
  const two = await pageClient(context, url, { server: server.url, peers: false });
  await two.add(MODEL);
  expect(await two.download()).toBe(SHA256);
  expect([await leader.isLeader(), (await two.status()).discovery]).toEqual([true, []]);
});

test.skipIf(noChromium)('a torrent that is added twice is one; removed, it may be added again', async () => {
  const server = await serverWithModel();
  const one = await pageClient(await openProfile(), await site(), { server: server.url, peers: false });
  await one.add(MODEL);
  const seen = await one.page.evaluate(async (model) => {
    const { client, torrent } = globalThis as unknown as PageScope;
    const again = await client.add(model);
    const removed = torrent.remove();
    const anew = await client.add(model);
    await removed;
    await anew.ready();
    return { isSame: again === torrent, isOther: anew !== torrent, count: client.torrents.length };
  }, MODEL);
  expect(seen).toEqual({ isSame: true, isOther: true, count: 1 });
});

test.skipIf(noChromium)('a worker that cannot be loaded is told', async () => {
  const page = await openPage(await openProfile(), await site());
  const error = await page.evaluate(async () => {
    const { ms } = globalThis as unknown as PageScope;
    const createWorker = (): Worker => new Worker('/nothing.js', { type: 'module' });
    return ms.createClient({ createWorker }).catch(({ code, message }) => ({ code, message }));
  });
  expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('engine-worker.js') });
});
