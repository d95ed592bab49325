import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { DemoReport } from '../../src/cli/demo/report.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { ask, sampleHub } from '../support/sample-hub.ts';
import { exitOf, runCli, spawnCli, spawnMirror } from '../support/start-server.ts';

const BIG = new Uint8Array(24_000_000).map((_, index) => (index * 31) >>> 3);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const hubWithModel = () =>
  sampleHub({ repos: [{ name: 'org/model', files: { 'config.json': '{}', 'big.bin': BIG } }] });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'modelswarm-cli-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('help names every command, and the version is one line', async () => {
  const help = await runCli(['--help']);
  expect(help.exit).toBe(0);
  for (const command of ['serve', 'demo', 'doctor', 'config']) expect(help.stdout).toContain(`  ${command} `);
  expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('what is typed wrong is named, with what was probably meant, and exits 2', async () => {
  const flag = await runCli(['serve', '--prot', '1']);
  expect(flag.exit).toBe(2);
  expect(flag.stderr).toContain('--port');
  const command = await runCli(['sevre']);
  expect(command.exit).toBe(2);
  expect(command.stderr).toContain('serve');
  const value = await runCli(['serve', '--max-cache-size', 'huge']);
  expect(value.exit).toBe(2);
  expect(value.stderr).toBe('modelswarm: --max-cache-size: expected a size like 200GB or 10GiB, not "huge".\n');
  const port = await runCli(['serve', '--port', '70000']);
  expect(port.exit).toBe(2);
  expect(port.stderr).toBe('modelswarm: --port: must be at most 65535.\n');
});

test('config shows each value with its origin, and no secret', async () => {
  const file = join(await folder(), 'config.json');
  await writeFile(file, JSON.stringify({ port: 1, host: '127.0.0.1', strict: true }));
  const token = `hf_msw${'s3'.repeat(20)}`;
  const environment = { MODELSWARM_CONFIG: file, MODELSWARM_PORT: '2', MODELSWARM_CLIENT_TOKEN: token };
  const { stdout, exit } = await runCli(['config', '--json', '--no-strict'], environment);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    file,
    settings: {
      port: { value: 2, from: 'env', origin: 'MODELSWARM_PORT' },
      host: { value: '127.0.0.1', from: 'file', origin: file },
      strict: { value: false, from: 'flag', origin: '--strict' },
      clientTokens: { value: '*** (1)', from: 'env' },
      minFreeSpace: { value: 2e9, from: 'default' },
    },
  });
  const text = await runCli(['config'], environment);
  expect(text.stdout).toMatch(/^port +2 +env: MODELSWARM_PORT$/m);
  expect(stdout + text.stdout).not.toContain(token);
});

test('serve prints one line on stdout, and SIGTERM ends it in order', async () => {
  const hub = await hubWithModel();
  const mirror = await spawnMirror({ hub });
  expect((await ask(`${mirror.url}/org/model/resolve/main/config.json`)).text).toBe('{}');
  expect(await mirror.kill('SIGTERM')).toBe(0);
  const lines = mirror.log().trim().split('\n');
  expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
});

test('ctrl-C ends serve with 130', async () => {
  const mirror = await spawnMirror({ hub: await hubWithModel() });
  expect(await mirror.kill('SIGINT')).toBe(130);
});

test('SIGTERM lets a running download finish; a second signal ends it at once', async () => {
  const hub = await hubWithModel();
  hub.setFault({ path: 'big.bin' }, { totalBytesPerSecond: 12e6 });
  const patient = await spawnMirror({ hub });
  const whole = await fetch(`${patient.url}/org/model/resolve/main/big.bin`);
  const ended = patient.kill('SIGTERM');
  expect(sha256(new Uint8Array(await whole.arrayBuffer()))).toBe(sha256(BIG));
  expect(await ended).toBe(0);

  hub.clearFaults();
  hub.setFault({ path: 'big.bin' }, { stallAt: 8_000_000 });
  const stalled = await spawnMirror({ hub });
  const cut = await fetch(`${stalled.url}/org/model/resolve/main/big.bin`);
  const received = cut.arrayBuffer().then(
    () => 'whole',
    () => 'cut',
  );
  process.kill(stalled.pid, 'SIGTERM');
  await expect.poll(() => stalled.log()).toContain('closing');
  expect(await stalled.kill('SIGTERM')).toBe(143);
  expect(await received).toBe('cut');
});

test('after kill -9 in mid-download the next start goes on from there, and the file is right', async () => {
  const hub = await hubWithModel();
  const dataDir = await folder();
  const fault = hub.setFault({ path: 'big.bin' }, { totalBytesPerSecond: 8e6 });
  const first = await spawnMirror({ hub, dataDir });
  const download = await fetch(`${first.url}/org/model/resolve/main/big.bin`);
  const reader = download.body?.getReader();
  for (let received = 0; received < 12_000_000; ) {
    const next = await reader?.read();
    if (!next || next.done) throw new Error('the download ended early');
    received += next.value.length;
  }
  expect(await first.kill('SIGKILL')).toBe('SIGKILL');
  await reader?.cancel().catch(() => {});
  fault();
  const before = hub.bytesSent('org/model', 'big.bin');

  const second = await spawnMirror({ hub, dataDir });
  onTestFinished(() => second.close());
  const answer = await ask(`${second.url}/org/model/resolve/main/big.bin`);
  expect(sha256(answer.bytes)).toBe(sha256(BIG));
  expect(hub.bytesSent('org/model', 'big.bin') - before).toBeLessThan(BIG.length);
});

test('a server that would be open to a network unasked does not start', async () => {
  const dataDir = await folder();
  const refused = await runCli(['serve', '--host', '0.0.0.0', '--port', '0', '--data-dir', dataDir]);
  expect(refused.exit).toBe(2);
  for (const word of ['option "host"', '--allow', '--client-token', '--open']) expect(refused.stderr).toContain(word);
});

test('a data directory that is taken, foreign or newer is refused with 1, in a line without a stack', async () => {
  const hub = await hubWithModel();
  const mirror = await spawnMirror({ hub });
  onTestFinished(() => mirror.close());
  const foreign = await folder();
  await writeFile(join(foreign, 'thesis.txt'), 'mine');
  const newer = await folder();
  await writeFile(join(newer, 'format'), '999\n');
  const serve = (dataDir: string) => runCli(['serve', '--port', '0', '--upstream', hub.url, '--data-dir', dataDir]);
  for (const [dataDir, words] of [
    [mirror.dataDir, 'in use by another modelswarm'],
    [foreign, 'not a data directory of modelswarm'],
    [newer, 'newer modelswarm'],
  ] as const) {
    const { exit, stderr } = await serve(dataDir);
    expect(exit).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  }
});

test('doctor finds a good set-up good', async () => {
  const hub = await hubWithModel();
  const dataDir = join(await folder(), 'not', 'there', 'yet');
  const args = ['--upstream', hub.url, '--data-dir', dataDir, '--port', '0', '--min-free-space', '1MB'];
  const { exit, stdout } = await runCli(['doctor', '--json', ...args]);
  const { ok, checks, clients } = JSON.parse(stdout);
  expect({ exit, ok }).toEqual({ exit: 0, ok: true });
  expect(checks.map(({ check, status }: Finding) => `${check.split(' ')[0]} ${status}`)).toEqual([
    'version ok',
    'port ok',
    'data-dir ok',
    'proxy ok',
    'upstream ok',
    'clock ok',
  ]);
  expect(clients.length).toBeGreaterThan(5);
  expect(clients[0].code).toBe('HF_ENDPOINT=http://127.0.0.1:PORT hf download org/model');
});

test('doctor sees a server that runs, and its lock', async () => {
  const mirror = await spawnMirror({ hub: await hubWithModel() });
  onTestFinished(() => mirror.close());
  const { port } = new URL(mirror.url);
  const args = ['--offline', '--data-dir', mirror.dataDir, '--port', port, '--min-free-space', '1MB'];
  const { exit, stdout } = await runCli(['doctor', ...args]);
  expect(exit).toBe(0);
  expect(stdout).toContain('modelswarm 0');
  expect(stdout).toContain('in use by the server that runs');
  const behindProxy = await runCli(['doctor', ...args, '--public-url', mirror.url]);
  expect(behindProxy.stdout).toContain(`ok    public-url: modelswarm`);
  const astray = await runCli(['doctor', ...args, '--public-url', 'http://127.0.0.1:9']);
  expect(astray.exit).toBe(1);
  expect(astray.stdout).toContain('fail  public-url');
  expect(stdout).toContain(`HF_ENDPOINT=${mirror.url} hf download`);
});

test('doctor names each thing that is wrong, and exits 1', async () => {
  const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{}')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => {
    other.close();
  });
  const address = other.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const dataDir = await folder();
  await mkdir(join(dataDir, 'holiday-photos'));
  const environment = {
    MODELSWARM_DATADIR: '/typo',
    HTTP_PROXY: 'http://user:pass@proxy.example:3128',
    NO_PROXY: 'hub.example',
  };
  const args = ['--upstream', 'http://127.0.0.1:9', '--data-dir', dataDir, '--port', port];
  const { exit, stdout } = await runCli(['doctor', '--json', '--proxy-bypass', '127.0.0.1', ...args], environment);
  const found = new Map(JSON.parse(stdout).checks.map((finding: Finding) => [finding.check.split(' ')[0], finding]));
  expect(exit).toBe(1);
  expect(found.get('port')).toMatchObject({ status: 'fail', detail: expect.stringContaining('another program') });
  expect(found.get('data-dir')).toMatchObject({ status: 'fail', detail: expect.stringContaining('holiday-photos') });
  expect(found.get('upstream')).toMatchObject({ status: 'fail', detail: expect.stringContaining('HTTPS_PROXY') });
  expect(found.get('variables')).toMatchObject({ detail: expect.stringContaining('MODELSWARM_DATA_DIR') });
  expect(stdout).toContain('add 127.0.0.1 to NO_PROXY');
  expect(stdout).not.toContain('pass');
});

test('the demo downloads a model twice, and the second time nothing crosses the line', async () => {
  const { exit, stdout, stderr } = await runCli(['demo', '--once', '--json']);
  expect(stderr).toBe('');
  expect(exit).toBe(0);
  const { downloads, clients }: DemoReport = JSON.parse(stdout);
  const [cold, warm] = downloads;
  expect(cold?.bytes).toBeGreaterThan(200e6);
  expect(cold?.fromHub).toBeGreaterThanOrEqual(cold?.bytes ?? 0);
  expect(cold?.fromHub).toBeLessThan(1.01 * (cold?.bytes ?? 0));
  expect(warm).toMatchObject({ bytes: cold?.bytes, files: cold?.files, fromHub: 0 });
  expect(clients.length).toBeGreaterThan(5);
});

test('the demo goes on serving until ctrl-C', async () => {
  const demo = spawnCli(['demo']);
  onTestFinished(() => {
    demo.kill('SIGKILL');
  });
  let stdout = '';
  demo.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  const ended = exitOf(demo);
  await expect.poll(() => stdout, { timeout: 40_000 }).toContain('goes on serving');
  const url = /a mirror of it at (\S+)\.\n/.exec(stdout)?.[1];
  expect((await ask(`${url}/sample/big-model/resolve/main/config.json`)).status).toBe(200);
  demo.kill('SIGINT');
  expect(await ended).toBe(130);
});

test('ctrl-C while the demo downloads ends it without an error', async () => {
  const demo = spawnCli(['demo', '--once']);
  onTestFinished(() => {
    demo.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  demo.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  demo.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = exitOf(demo);
  await expect.poll(() => stdout, { timeout: 40_000 }).toContain('slowed down');
  demo.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(stderr).toBe('');
});

test('a reader that has seen enough of the output is no error', async () => {
  const config = spawnCli(['config', '--markdown']);
  config.stdout?.destroy();
  let stderr = '';
  config.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  expect(await exitOf(config)).toBe(0);
  expect(stderr).toBe('');
});
