/** What happens to bytes in pages: no room, wrong bytes, and what was thrown away. */
import { expect, onTestFinished, test } from 'vitest';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';
import { openProfile, site } from '../support/browser-bed.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { pageClient } from '../support/page-client.ts';
import { hasCommand, missing } from '../support/peers.ts';
import { makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const noChromium = missing(hasCommand('chromium'), 'chromium', 'apt-get install chromium');
const BYTES = patternBytes(12 * 2 ** 20 + 3, 4);
const SHA256 = hashBytes(BYTES).sha256;

/** A web seed, which tells the truth or lies; and the torrent. */
async function seeds(lies: readonly boolean[] = [false], bytes = BYTES) {
  const folder = await tempDir();
  const torrent = await makeContent(folder, 'x.bin', { 'x.bin': bytes });
  const wrong = bytes.slice().fill(7);
  const { url } = await loopbackServer(({ url: path, headers }, response) => {
    response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-headers', '*');
    if (path === '/x.torrent') return void response.end(torrent);
    const [, start = '0', end = ''] = /bytes=(\d+)-(\d*)/.exec(headers.range ?? '') ?? [];
    const body = path === '/lie' ? wrong : bytes;
    const last = end === '' ? body.length - 1 : Number(end);
    response.writeHead(206, { 'content-range': `bytes ${start}-${last}/${body.length}` });
    response.end(body.subarray(Number(start), last + 1));
  });
  return { torrent: `${url}/x.torrent`, webSeeds: lies.map((lie) => `${url}/${lie ? 'lie' : 'truth'}`) };
}

test.skipIf(noChromium)('a web seed that lies is left, and nothing wrong is ever read', async () => {
  const { torrent, webSeeds } = await seeds([true, false]);
  const page = await pageClient(await openProfile(), await site());
  await page.add(torrent, { webSeeds });
  expect(await page.download()).toBe(SHA256);
  const { sources } = await page.status();
  expect(sources.some(({ error }) => error === 'it sent wrong bytes')).toBe(true);
});

test.skipIf(noChromium)('without room it is kept in memory, read all the same, and the user is told', async () => {
  const { torrent, webSeeds } = await seeds();
  const context = await openProfile();
  const url = await site();
  const page = await pageClient(context, url);
  const session = await context.newCDPSession(page.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: url, quotaSize: 1024 * 1024 });
  onTestFinished(() => session.detach().catch(() => {}));
  await page.add(torrent, { webSeeds });
  expect(await page.download()).toBe(SHA256);
  const { storage, warning } = await page.status();
  expect(storage).toBe('memory');
  expect(warning).toMatch(/memory only/);
});

test.skipIf(noChromium)('what was used longest ago makes room; what is in use stays', async () => {
  const [old, now] = [await seeds([false], patternBytes(30 * 2 ** 20, 1)), await seeds()];
  const context = await openProfile();
  const url = await site();
  const first = await pageClient(context, url);
  await first.add(old.torrent, { webSeeds: old.webSeeds, group: 'old' });
  await first.download();
  await first.page.close();
  const page = await pageClient(context, url);
  const session = await context.newCDPSession(page.page);
  // Room for one.
  await session.send('Storage.overrideQuotaForOrigin', { origin: url, quotaSize: 40 * 2 ** 20 });
  expect(await page.stored()).toMatchObject([{ group: 'old' }]);
  await page.add(now.torrent, { webSeeds: now.webSeeds, group: 'new' });
  expect(await page.download()).toBe(SHA256);
  expect((await page.status()).storage).toBe('opfs');
  expect(await page.stored()).toMatchObject([{ group: 'new', bytes: BYTES.length }]);
});
