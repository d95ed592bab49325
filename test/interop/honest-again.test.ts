import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { patternContent, type SampleHub } from '../../src/sample-hub/index.ts';
import { until } from '../support/downloads.ts';
import { findHf, hasCommand } from '../support/peers.ts';
import { logText, recordingLogger } from '../support/recording-logger.ts';
import { runProgram } from '../support/run-program.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const SIZE = 48 * 1024 * 1024;
const content = patternContent(SIZE, 'honest again');

/** A hub that flips one bit in the middle of the file. */
async function lyingHub(): Promise<SampleHub> {
  const hub = await sampleHub({ repos: [{ name: 'org/model', files: { 'config.json': '{}', 'model.bin': content } }] });
  hub.setFault({ path: 'model.bin', host: 'cdn' }, { corruptAt: SIZE / 2, totalBytesPerSecond: 100_000_000 });
  return hub;
}

async function sha256Of(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

describe('after a hub that sent wrong bytes has turned honest', () => {
  test('`hf download`, which had begun before, ends with the right file', async ({ skip }) => {
    const hf = findHf() ?? skip('the `hf` command is not installed (npm test installs it)');
    const hub = await lyingHub();
    const logger = recordingLogger();
    await using mirror = await startMirror({ hub, logger });
    const directory = await tempDir();
    const env = { HF_ENDPOINT: mirror.url, HF_HOME: join(directory, 'home'), HF_HUB_DISABLE_TELEMETRY: '1' };
    const args = ['download', 'org/model', 'model.bin', '--local-dir', join(directory, 'out')];
    const running = runProgram(hf, args, { env });
    await until(() => logText(logger).includes('fill: failed'));
    hub.clearFaults();
    const first = await running;
    const again = first.code === 0 ? first : await runProgram(hf, args, { env });
    expect(again).toMatchObject({ code: 0 });
    expect(await sha256Of(join(directory, 'out', 'model.bin'))).toBe(hub.file('org/model', 'model.bin').sha256);
  });

  test('aria2 with 16 connections never completes a wrong file, and gets the right one from a fresh start', async ({
    skip,
  }) => {
    if (!hasCommand('aria2c')) skip('aria2c is not installed (npm test installs it)');
    const hub = await lyingHub();
    await using mirror = await startMirror({ hub });
    const directory = await tempDir();
    const right = hub.file('org/model', 'model.bin').sha256;
    const aria2 = (...more: string[]) =>
      runProgram('aria2c', [
        ...['-x16', '-s16', '-k1M', '--max-tries=3', '--retry-wait=1', '--no-conf', '-q', '-d', directory, ...more],
        ...['-o', 'model.bin', `${mirror.url}/org/model/resolve/main/model.bin`],
      ]);
    const during = await aria2();
    expect(during.code).not.toBe(0);
    hub.clearFaults();
    const resumed = await aria2('-c');
    if (resumed.code === 0) expect(await sha256Of(join(directory, 'model.bin'))).toBe(right);
    // The mirror asks the Hub again after a pause of at most 10 s, and says 502 until then.
    const fresh = () => aria2('--allow-overwrite=true', '--remove-control-file=true');
    await until(async () => (await fresh()).code === 0, 30);
    expect(await sha256Of(join(directory, 'model.bin'))).toBe(right);
  });
});
