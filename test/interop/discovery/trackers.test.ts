/** Our members find one another by real trackers, over HTTP (IPv4 and IPv6) and UDP. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toHex } from '../../../src/base/hex.ts';
import { createHttpTracker } from '../../../src/discovery/http-tracker.ts';
import { createTrackerDiscovery } from '../../../src/discovery/tracker-discovery.ts';
import { createUdpTracker } from '../../../src/discovery/udp-tracker.ts';
import { hasCommand, hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { startTalking } from './talking-program.ts';
import { testMember } from './test-member.ts';

const WAIT = { timeout: 20_000, interval: 50 };
const noOpentracker = missing(hasCommand('opentracker', '-h'), 'opentracker', 'apt-get install opentracker');
const noBittorrentTracker = missing(hasPeer('webtorrent'), 'bittorrent-tracker', 'npm ci in test/peers/webtorrent');
const noIpv6 = !Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const { signal } = new AbortController();

/** Members come, find one another, and go. `host`: how the tracker sees them. `scrapes`: can the tracker be asked for counts? */
async function expectSwarm(url: string, infoHash: Uint8Array, host: string, scrapes = true): Promise<void> {
  const udp = createUdpTracker();
  onTestFinished(() => udp.close());
  const trackers = createTrackerDiscovery({ tiers: [[url]], udp });
  onTestFinished(() => trackers.close());
  const client = url.startsWith('udp:') ? udp : createHttpTracker();
  const counts = async () => (await client.scrape(url, [infoHash], signal))[0];

  const [seed, leecher] = [testMember(infoHash, 7001), testMember(infoHash, 7002)];
  leecher.left = 1000;
  const seeding = trackers.join(seed);
  await vi.waitFor(() => expect(seeding.status()).toMatchObject([{ state: 'working' }]), WAIT);
  const leeching = trackers.join(leecher);
  await vi.waitFor(() => expect([...leecher.peers]).toContain(`${host} 7001`), WAIT);
  expect(leeching.status()).toMatchObject([{ state: 'working', error: undefined, seeds: 1, leechers: 1 }]);
  if (scrapes) expect(await counts()).toMatchObject({ seeds: 1, leechers: 1 });
  leecher.left = 0;
  leeching.completed();
  await vi.waitFor(() => expect(leeching.status()).toMatchObject([{ seeds: 2, leechers: 0 }]), WAIT);
  if (scrapes) expect(await counts()).toMatchObject({ seeds: 2, leechers: 0 });
  await leeching.close();
  await seeding.close();

  const late = testMember(infoHash, 7003);
  const session = trackers.join(late);
  await vi.waitFor(() => expect(session.status()).toMatchObject([{ state: 'working', seeds: 1, leechers: 0 }]), WAIT);
  expect([...late.peers].filter((peer) => !peer.endsWith(' 7003'))).toEqual([]);
}

describe.skipIf(noOpentracker)('opentracker', () => {
  /** Debian's serves torrents of a list only. */
  async function start(infoHash: Uint8Array): Promise<number> {
    const folder = await tempDir();
    // It gives up being root.
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'torrents.txt'), `${toHex(infoHash)}\n`);
    const port = await freePort();
    const args = ['-i', '127.0.0.1', '-p', `${port}`, '-P', `${port}`, '-d', folder, '-w', 'torrents.txt'];
    const child = spawn('opentracker', args, { stdio: 'ignore', cwd: folder });
    const ended = once(child, 'close');
    onTestFinished(async () => {
      child.kill();
      await ended;
    });
    await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/stats`).then((response) => response.text()), WAIT);
    return port;
  }

  it.each(['http', 'udp'])('over %s', async (protocol) => {
    const infoHash = randomBytes(20);
    const port = await start(infoHash);
    await expectSwarm(`${protocol}://127.0.0.1:${port}/announce`, infoHash, '127.0.0.1');
  });

  it('refuses torrents that it does not know, in its own words', async () => {
    const port = await start(randomBytes(20));
    const url = `http://127.0.0.1:${port}/announce`;
    const { infoHash, peerId, stats } = testMember(randomBytes(20), 7001);
    const request = { infoHash, peerId, port: 7001, stats: stats(), wanted: 50, key: 1 };
    await expect(createHttpTracker().announce(url, request, signal)).rejects.toThrow('not authorized');
  });
});

describe.skipIf(noBittorrentTracker)('bittorrent-tracker', () => {
  interface Ports {
    readonly http: number;
    readonly udp4: number;
  }

  async function start(): Promise<Ports> {
    const program = startTalking(process.execPath, ['tracker.mjs'], peerFolder('webtorrent'));
    onTestFinished(() => program[Symbol.asyncDispose]());
    return (await program.next()) as Ports;
  }

  // It writes the info-hashes of a scrape over HTTP as UTF-8.
  it('over http', async () => {
    const { http } = await start();
    await expectSwarm(`http://127.0.0.1:${http}/announce`, randomBytes(20), '127.0.0.1', false);
  });

  it('over udp', async () => {
    const { udp4 } = await start();
    await expectSwarm(`udp://127.0.0.1:${udp4}/announce?key=value`, randomBytes(20), '127.0.0.1');
  });

  it.skipIf(noIpv6)('over http and IPv6', async () => {
    const { http } = await start();
    await expectSwarm(`http://[::1]:${http}/announce`, randomBytes(20), '::1', false);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}
