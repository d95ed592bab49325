import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ask, sampleHub } from '../support/sample-hub.ts';
import { exitOf } from '../support/start-server.ts';

const MODEL = new Uint8Array(2_500_000).fill(7);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Runs an example on a sample hub until the test ends. */
async function runExample(
  name: string,
): Promise<{ url: string; child: ChildProcess; ended: Promise<number | string> }> {
  const hub = await sampleHub({ repos: [{ name: 'org/model', files: { 'model.bin': MODEL } }] });
  const dataDir = await mkdtemp(join(tmpdir(), 'modelswarm-example-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=modelswarm-source', path], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, UPSTREAM: hub.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const ended = exitOf(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, child, ended };
  }
  throw new Error(`${name} ended without listening`);
}

test('mounted in a Hono app, the mirror serves beside the app’s own routes and ends with it', async () => {
  const { url, child, ended } = await runExample('hono-app.ts');
  expect((await ask(`${url}/hello`)).text).toBe('hello');
  expect((await ask(`${url}/-/ready`)).status).toBe(200);
  for (let i = 0; i < 2; i++) {
    const whole = await ask(`${url}/org/model/resolve/main/model.bin`);
    expect(sha256(whole.bytes)).toBe(sha256(MODEL));
  }
  const range = await ask(`${url}/org/model/resolve/main/model.bin`, { headers: { range: 'bytes=10-19' } });
  expect(range.status).toBe(206);
  expect(range.bytes).toEqual(MODEL.slice(10, 20));
  child.kill('SIGTERM');
  // Nothing keeps the process alive once server and mirror are closed.
  expect(await ended).toBe(0);
});

test('a server of one’s own serves what its owner allows and ends in order', async () => {
  const { url, child, ended } = await runExample('own-server.ts');
  expect((await ask(`${url}/org/model/resolve/main/model.bin`)).status).toBe(200);
  expect((await ask(`${url}/other/model/resolve/main/model.bin`)).status).toBe(403);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
