import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Fault, patternContent } from '../../src/sample-hub/index.ts';
import { download, until } from '../support/downloads.ts';
import { logText, recordingLogger } from '../support/recording-logger.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
const REPO = 'org/model';
const FILE = '/org/model/resolve/main/model.bin';
const content = patternContent(SIZE, 'bad upstream');

async function setUp(fault: Fault, times?: number) {
  const hub = await sampleHub({ repos: [{ name: REPO, files: { 'model.bin': content, 'config.json': '{"a": 1}' } }] });
  hub.setFault({ path: 'model.bin' }, fault, times);
  return { hub, sha256: hub.file(REPO, 'model.bin').sha256 };
}

async function storedBlobs(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'blobs'), { recursive: true });
  return names.filter((name) => /[0-9a-f]{64}$/.test(name));
}

describe('a hub that sends wrong bytes', () => {
  for (const [what, corruptAt] of [
    ['first', 0],
    ['middle', SIZE / 2],
    ['last', SIZE - 1],
  ] as const) {
    test(`(the ${what} byte) completes no answer and fills no blob, and the log says which file`, async () => {
      const { hub, sha256 } = await setUp({ corruptAt });
      const logger = recordingLogger();
      await using mirror = await startMirror({ hub, logger });
      const answer = await download(mirror.url + FILE);
      expect(answer.cut).toBe(true);
      expect(answer.bytes).toBeLessThan(SIZE);
      expect(await storedBlobs(mirror.dataDir)).not.toContain(`${sha256?.slice(0, 2)}/${sha256}`);
      await until(() => logText(logger).includes('fill: failed'));
      expect(logText(logger)).toMatch(/model\.bin.*sha256/);

      // The hub turns honest: a whole read succeeds after a pause of at most 10 s.
      hub.clearFaults();
      await until(async () => (await download(mirror.url + FILE)).sha256 === sha256, 12);

      // Clients with a bad head ask for the rest: they get the file from its first byte instead.
      const resumed = await download(mirror.url + FILE, { headers: { range: `bytes=${SIZE / 2}-` } });
      expect(resumed).toMatchObject({ status: 200, sha256, cut: false });
    });
  }

  test('of a small file is answered with an error that names the file', async () => {
    const { hub } = await setUp({});
    hub.setFault({ path: 'config.json' }, { corruptAt: 3 });
    await using mirror = await startMirror({ hub });
    const answer = await fetch(`${mirror.url}/org/model/resolve/main/config.json`);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-error-message')).toContain('config.json');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('a hub that lies about a file', () => {
  test('in its listing gets no blob out of it', async () => {
    const { hub, sha256 } = await setUp({});
    hub.setFault({ path: 'model.bin', kind: 'paths-info' }, { listedSha256: 'a'.repeat(64) });
    hub.setFault({ path: 'model.bin', kind: 'tree' }, { listedSha256: 'a'.repeat(64) });
    await using mirror = await startMirror({ hub });
    const answer = await download(mirror.url + FILE);
    expect(answer.cut || answer.status >= 500).toBe(true);
    expect(await storedBlobs(mirror.dataDir)).not.toContain(`${sha256?.slice(0, 2)}/${sha256}`);
  });

  test('in X-Linked-Etag gets no blob out of it', async () => {
    const { hub } = await setUp({ linkedEtag: `"${'b'.repeat(64)}"` });
    await using mirror = await startMirror({ hub });
    const answer = await download(mirror.url + FILE);
    expect(answer.cut || answer.status >= 500).toBe(true);
    expect(await storedBlobs(mirror.dataDir)).toEqual([]);
  });

  test('about its size gets no complete answer', async () => {
    for (const linkedSize of [SIZE - 1, SIZE + 1]) {
      const { hub } = await setUp({ linkedSize });
      await using mirror = await startMirror({ hub });
      const answer = await download(mirror.url + FILE);
      expect(answer.cut || answer.status >= 500).toBe(true);
      expect(await storedBlobs(mirror.dataDir)).toEqual([]);
    }
  });
});

describe('a hub with a bad connection', () => {
  test('that cuts answers off now and then is worn down', async () => {
    const { hub, sha256 } = await setUp({});
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { truncateAt: MIB }, 4);
    await using mirror = await startMirror({ hub });
    expect(await download(mirror.url + FILE)).toMatchObject({ status: 200, sha256, cut: false });
    expect(hub.bytesSent(REPO, 'model.bin')).toBeLessThanOrEqual(SIZE * 1.01);
  });

  test('that answers 503 for a while is asked again', async () => {
    const { hub, sha256 } = await setUp({});
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { status: 503 }, 3);
    await using mirror = await startMirror({ hub });
    expect(await download(mirror.url + FILE)).toMatchObject({ status: 200, sha256, cut: false });
  });

  test('whose signed URLs expire in mid-download gives new ones', async () => {
    const { hub, sha256 } = await setUp({ signedUrlSeconds: 1 });
    hub.setFault({ path: 'model.bin', host: 'cdn' }, { totalBytesPerSecond: 8 * MIB });
    await using mirror = await startMirror({ hub });
    expect(await download(mirror.url + FILE)).toMatchObject({ status: 200, sha256, cut: false });
  });
});
