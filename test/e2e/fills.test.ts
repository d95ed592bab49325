import { describe, expect, test } from 'vitest';
import { bigFiles, type Content, patternContent } from '../../src/sample-hub/index.ts';
import { download, until } from '../support/downloads.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { spawnMirror, startMirror } from '../support/start-server.ts';

const MIB = 1024 * 1024;
const REPO = 'org/model';
const FILE = '/org/model/resolve/main/model.bin';

const fileOf = (size: number): Content => bigFiles().get(`${size / MIB}m.bin`) ?? patternContent(size, 'fills');

async function setUp(size: number, name = 'model.bin') {
  const hub = await sampleHub({ repos: [{ name: REPO, files: { [name]: fileOf(size) } }] });
  const sha256 = hub.file(REPO, name).sha256;
  return { hub, sha256 };
}

describe('a cold file', () => {
  test('is sent once by the Hub, however many clients ask for it at the same time', async () => {
    const size = 8 * MIB;
    const { hub, sha256 } = await setUp(size);
    await using mirror = await startMirror({ hub });
    const all = await Promise.all(Array.from({ length: 200 }, () => download(mirror.url + FILE)));
    for (const one of all) expect(one).toMatchObject({ status: 200, sha256, cut: false });
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThanOrEqual(size * 1.01);
  });

  test('reaches a fast client while a slow one has hardly begun', async () => {
    const { hub, sha256 } = await setUp(32 * MIB);
    await using mirror = await startMirror({ hub });
    const leave = new AbortController();
    let slowBytes = 0;
    const slow = download(mirror.url + FILE, {
      signal: leave.signal,
      onChunk: async (_, total) => {
        slowBytes = total;
        await new Promise((resolve) => setTimeout(resolve, 250));
      },
    }).catch(() => {});
    await until(() => slowBytes > 0);
    expect(await download(mirror.url + FILE)).toMatchObject({ sha256, cut: false });
    expect(slowBytes).toBeLessThan(16 * MIB);
    leave.abort();
    await slow;
  });

  test('goes on filling when its only client leaves', async () => {
    const { hub } = await setUp(32 * MIB);
    await using mirror = await startMirror({ hub });
    const leave = new AbortController();
    await download(mirror.url + FILE, { signal: leave.signal, onChunk: () => leave.abort() }).catch(() => {});
    await until(async () => {
      const head = await download(mirror.url + FILE, { headers: { range: 'bytes=0-0' } });
      return head.headers['x-modelswarm-verified'] === 'blob';
    });
    expect(hub.bytesSent(REPO, 'model.bin')).toBe(32 * MIB);
  });

  test('of 20 GB gives a range in its middle first, and a probe of one byte fetches next to nothing', async () => {
    const content = bigFiles().get('20g.bin');
    if (!content) throw new Error('the sample hub has no 20 GB file');
    const hub = await sampleHub({ repos: [{ name: REPO, files: { 'model.bin': content } }] });
    await using mirror = await startMirror({ hub });
    const probe = await download(mirror.url + FILE, { headers: { range: 'bytes=0-0' } });
    expect(probe).toMatchObject({ status: 206, bytes: 1 });
    expect(probe.headers['content-range']).toBe('bytes 0-0/20000000000');
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThanOrEqual(128 * 1024);
    const start = 10_000_000_000;
    let first: Uint8Array | undefined;
    const middle = await download(mirror.url + FILE, {
      headers: { range: `bytes=${start}-${start + MIB - 1}` },
      onChunk: (chunk) => {
        first ??= Uint8Array.from(chunk.subarray(0, 4096));
      },
    });
    expect(middle).toMatchObject({ status: 206, bytes: MIB });
    expect(middle.headers['x-modelswarm-verified']).toBe('provisional');
    expect(Buffer.compare(first ?? new Uint8Array(), content.read(start, start + 4096))).toBe(0);
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThan(20 * MIB);
  });

  test('does not mix two versions when its branch moves in mid-download', async () => {
    const { hub, sha256 } = await setUp(32 * MIB);
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { bytesPerSecond: 30 * MIB });
    await using mirror = await startMirror({ hub });
    const running = download(mirror.url + FILE);
    await until(() => hub.bytesSent(REPO, 'model.bin') > MIB);
    hub.push(REPO, { files: { 'model.bin': patternContent(32 * MIB, 'the next version') } });
    hub.clearFaults();
    const tail = await download(mirror.url + FILE, { headers: { range: `bytes=${31 * MIB}-` } });
    const whole = await running;
    expect(whole).toMatchObject({ sha256, cut: false });
    expect(tail.headers.etag).toBe(whole.headers.etag);
  });
});

describe('a server that was killed in mid-fill', () => {
  test('goes on from where it was, and what comes out is right', async () => {
    const size = 64 * MIB;
    const { hub, sha256 } = await setUp(size);
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { totalBytesPerSecond: 16 * MIB });
    const first = await spawnMirror({ hub });
    const running = download(first.url + FILE).catch(() => undefined);
    await until(() => hub.bytesSent(REPO, 'model.bin') > size / 2);
    await first.kill('SIGKILL');
    await running;
    hub.clearFaults();
    await using second = await spawnMirror({ hub, dataDir: first.dataDir });
    expect(await download(second.url + FILE)).toMatchObject({ sha256, cut: false });
    // Fetched twice at the most: what came in the last second and a half before the kill.
    expect(hub.bytesSent(REPO, 'model.bin') - size).toBeLessThan(32 * MIB);
    // The child's log comes by a pipe, and may come after its answer.
    await expect.poll(() => second.log()).toMatch(/"resumedBytes":[1-9]/);
  });
});
