/** Servers near by: a file crosses the uplink once, whoever asks first, and whatever becomes of the one that fetches it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { SampleHub } from '../../src/sample-hub/index.ts';
import { createIsolatedNetwork, whyNoIsolatedNetwork } from '../support/isolated-network.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { spawnMirror, startMirror, type TestMirror } from '../support/start-server.ts';
import { patternBytes } from '../support/swarm-bed.ts';

const MIB = 2 ** 20;
const SIZE = 24 * MIB + 7;
const BYTES = patternBytes(SIZE, 3);
const REPO = 'org/model';
const FILE = `${REPO}/resolve/main/model.safetensors`;
/** A few ranged bytes show that the Hub serves the file; a second try for a silent request may take 0.5 %. */
const ONCE = SIZE * 1.02;

async function startHub(): Promise<SampleHub> {
  return sampleHub({ repos: [{ name: REPO, files: { 'model.safetensors': BYTES, 'config.json': '{}' } }] });
}

async function start(hub: SampleHub, options: Partial<Parameters<typeof startMirror>[0]>): Promise<TestMirror> {
  const mirror = await startMirror({ hub, ...options });
  onTestFinished(() => mirror.close());
  return mirror;
}

async function expectFile(server: { readonly url: string }): Promise<void> {
  const response = await fetch(`${server.url}/${FILE}`);
  expect(response.status).toBe(200);
  expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), BYTES)).toBe(0);
}

/** Ports that nobody has: servers that name one another must know them before they start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createTcpServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

test('a file that a neighbour holds is read from there', async () => {
  const hub = await startHub();
  const first = await start(hub, {});
  await expectFile(first);
  hub.resetCounters();
  const second = await start(hub, { neighbours: [first.url] });
  await expectFile(second);
  expect(hub.bytesSent()).toBeLessThan(64 * 1024);
  // And it is there for good, verified.
  await first.close();
  await expectFile(second);
});

test('a file that a neighbour is fetching crosses the uplink once', async () => {
  const hub = await startHub();
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 12 * MIB });
  const first = await start(hub, {});
  const second = await start(hub, { neighbours: [first.url] });
  const early = expectFile(first);
  await until(() => hub.bytesSent() > 2 * MIB);
  await Promise.all([early, expectFile(second)]);
  expect(hub.bytesSent()).toBeLessThan(ONCE);
});

test('three servers that are asked at the same moment fetch it once', async () => {
  const hub = await startHub();
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 16 * MIB });
  const ports = await freePorts(3);
  // The same list for all of them, themselves included.
  const neighbours = ports.map((port) => `http://127.0.0.1:${port}`);
  const servers = await Promise.all(ports.map((port) => start(hub, { port, neighbours })));
  await Promise.all(servers.map(expectFile));
  expect(hub.bytesSent()).toBeLessThan(ONCE);
});

test('when the neighbour dies, the rest comes from the Hub', async () => {
  const hub = await startHub();
  hub.setFault({ host: 'cdn' }, { totalBytesPerSecond: 12 * MIB });
  const first = await spawnMirror({ hub });
  onTestFinished(() => first.close());
  const second = await start(hub, { neighbours: [first.url] });
  const early = expectFile(first).catch(() => {});
  await until(() => hub.bytesSent() > MIB);
  const late = expectFile(second);
  await until(() => hub.bytesSent() > 8 * MIB);
  await first.kill();
  await Promise.all([early, late]);
  expect(hub.bytesSent()).toBeLessThan(2 * SIZE);
});

test('a neighbour that sends wrong bytes is found out, named, and left alone', async () => {
  const hub = await startHub();
  const wrong = BYTES.slice();
  wrong.fill(9, 10 * MIB, 10 * MIB + 100);
  const asked: string[] = [];
  const liar = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.startsWith('/-/')) return response.end('{"server":"0123456789abcdef","state":"held","time":0}');
    const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const body = wrong.subarray(Number(from), Number(to) + 1);
    response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${SIZE}`, 'Content-Length': body.length });
    return response.end(body);
  }).listen(0, '127.0.0.1');
  await once(liar, 'listening');
  onTestFinished(() => void liar.close());
  const address = `127.0.0.1:${(liar.address() as AddressInfo).port}`;
  const logger = recordingLogger();
  const server = await start(hub, { neighbours: [`http://${address}`], logger });
  const spoilt = await fetch(`${server.url}/${FILE}`);
  await expect(spoilt.arrayBuffer()).rejects.toThrow();
  expect(JSON.stringify(logger.lines)).toContain('sent wrong bytes');
  const before = asked.length;
  await expectFile(server);
  expect(asked.length).toBe(before);
});

test('gated files and what a neighbour may not know stay with the Hub', async () => {
  const hub = await startHub();
  hub.accounts.add({ token: 'hf_reader', user: 'reader', grants: ['org/gated'] });
  hub.addRepo({ name: 'org/gated', gated: 'auto', files: { 'secret.safetensors': BYTES } });
  const first = await start(hub, {});
  const second = await start(hub, { neighbours: [first.url] });
  const headers = { Authorization: 'Bearer hf_reader' };
  const path = 'org/gated/resolve/main/secret.safetensors';
  await (await fetch(`${first.url}/${path}`, { headers })).arrayBuffer();
  const { sha256 } = hub.file('org/gated', 'secret.safetensors');
  const question = `/-/api/neighbour?repo=models/org/gated&sha256=${sha256}&size=${SIZE}&server=0123456789abcdef&time=1`;
  expect(await (await fetch(first.url + question)).json()).toMatchObject({ state: 'absent' });
  hub.resetCounters();
  const got = await fetch(`${second.url}/${path}`, { headers });
  expect(Buffer.compare(new Uint8Array(await got.arrayBuffer()), BYTES)).toBe(0);
  expect(hub.bytesSent()).toBeGreaterThanOrEqual(SIZE);
});

test('what is no question is refused', async () => {
  const hub = await startHub();
  const server = await start(hub, {});
  for (const query of [
    '',
    '?repo=models/a/b',
    '?repo=x&sha256=1&size=1&server=1&time=1',
    `?repo=models/${'a/'.repeat(999)}`,
  ])
    expect((await fetch(`${server.url}/-/api/neighbour${query}`)).status).toBe(400);
});

test('servers find one another on the local network', async ({ skip }) => {
  const reason = whyNoIsolatedNetwork();
  if (reason !== undefined) skip(reason);
  const network = createIsolatedNetwork();
  onTestFinished(() => network.close());
  const hub = await startHub();
  const shared = { host: network.address, open: true, findNeighbours: true } as const;
  const first = await start(hub, shared);
  await expectFile(first);
  const logger = recordingLogger();
  // The first one was announced before this one listens, and speaks again because it hears of this one.
  const second = await start(hub, { ...shared, logger });
  hub.resetCounters();
  await until(() => JSON.stringify(logger.lines).includes('neighbour: found'));
  await expectFile(second);
  expect(hub.bytesSent()).toBeLessThan(64 * 1024);
});
