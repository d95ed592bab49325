import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { patternContent } from '../../src/sample-hub/index.ts';
import { download } from '../support/downloads.ts';
import { logText, recordingLogger } from '../support/recording-logger.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';

const MIB = 1024 * 1024;
let disk: string;

/** A real file system of 40 MiB. Mounting wants root. */
function mountSmallDisk(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'modelswarm-test', disk], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `a small disk could not be mounted (needs root): ${error}`;
  }
}

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), 'small-disk-'));
});
afterEach(async () => {
  try {
    execFileSync('umount', [disk], { stdio: 'ignore' });
  } catch {
    // It was not mounted.
  }
  await rm(disk, { recursive: true, force: true });
});

describe('a disk that is full', () => {
  test('before a fill: the file is refused with what to do, and others go on', async ({ skip }) => {
    const reason = mountSmallDisk();
    if (reason) skip(reason);
    const files = { 'small.bin': patternContent(8 * MIB, 'small'), 'large.bin': patternContent(64 * MIB, 'large') };
    const hub = await sampleHub({ repos: [{ name: 'org/model', files }] });
    await using mirror = await startMirror({ hub, dataDir: disk });
    const url = `${mirror.url}/org/model/resolve/main`;
    const small = await download(`${url}/small.bin`);
    const refused = await fetch(`${url}/large.bin`);
    expect(refused.status).toBe(507);
    expect(refused.headers.get('x-error-message')).toMatch(/free/);
    await refused.body?.cancel();
    expect(await download(`${url}/small.bin`)).toMatchObject({ status: 200, sha256: small.sha256, cut: false });
  });

  test('in mid-fill: the download is cut off, the log says why, and other files are served', async ({ skip }) => {
    const reason = mountSmallDisk();
    if (reason) skip(reason);
    const files = { 'small.bin': patternContent(4 * MIB, 'small'), 'large.bin': patternContent(24 * MIB, 'large') };
    const hub = await sampleHub({ repos: [{ name: 'org/model', files }] });
    hub.setFault({ path: 'large.bin', host: 'cdn' }, { totalBytesPerSecond: 12 * MIB });
    const logger = recordingLogger();
    await using mirror = await startMirror({ hub, dataDir: disk, logger });
    const url = `${mirror.url}/org/model/resolve/main`;
    const small = await download(`${url}/small.bin`);
    let squeezed = false;
    const large = await download(`${url}/large.bin`, {
      onChunk: (_, total) => {
        if (squeezed || total < 2 * MIB) return;
        squeezed = true;
        // Somebody else fills the disk.
        execFileSync('fallocate', ['-l', '24M', join(disk, 'ballast')]);
      },
    });
    expect(large.cut).toBe(true);
    expect(logText(logger)).toMatch(/fill: failed.*disk is full|disk is full.*fill: failed/s);
    expect(await download(`${url}/small.bin`)).toMatchObject({ status: 200, sha256: small.sha256, cut: false });

    await rm(join(disk, 'ballast'));
    hub.clearFaults();
    expect(await download(`${url}/large.bin`)).toMatchObject({
      sha256: hub.file('org/model', 'large.bin').sha256,
      cut: false,
    });
  });
});
