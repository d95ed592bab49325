/** The client as a program uses it: real TCP on loopback, real files. */
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Variant } from '../../src/metainfo/canonical.ts';
import { createTorrent } from '../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../src/metainfo/parse-torrent.ts';
import { runProgram } from '../support/run-program.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';
import { loopbackClient, makeContent, patternBytes } from '../support/swarm-bed.ts';
import { tempDir } from '../support/temp-dir.ts';

const MIB = 2 ** 20;
const FILES = {
  'model.safetensors': patternBytes(9 * MIB + 12_345, 1),
  'sub/tokenizer.json': patternBytes(70_000, 2),
  'empty.txt': new Uint8Array(0),
};

async function setUp(variant: Variant = 'default') {
  const base = await tempDir();
  const bytes = await makeContent(join(base, 'full'), 'repo', FILES, variant);
  const seeder = await loopbackClient();
  const seed = await seeder.add(bytes, { to: join(base, 'full'), readOnly: true });
  await seed.ready();
  return { base, bytes, seeder, seed, peers: [`127.0.0.1:${seeder.port}`] };
}

async function expectFiles(folder: string): Promise<void> {
  for (const [path, bytes] of Object.entries(FILES)) {
    const found = await readFile(join(folder, 'repo', path));
    expect([path, Buffer.compare(found, bytes)]).toEqual([path, 0]);
  }
}

describe.each<Variant>(['v1', 'v2', 'default'])('a torrent (%s)', (variant) => {
  test('is downloaded by its magnet link, metadata and piece layers from the peer', async () => {
    const { base, seed, peers } = await setUp(variant);
    const client = await loopbackClient({ port: false });
    const names = [
      seed.infoHash && `xt=urn:btih:${seed.infoHash}`,
      seed.infoHashV2 && `xt=urn:btmh:1220${seed.infoHashV2}`,
    ];
    const magnet = `magnet:?${names.filter(Boolean).join('&')}`;
    const torrent = await client.add(magnet, { to: join(base, 'ours'), peers });
    const states = [];
    for await (const { state } of torrent.updates({ everyMs: 20 })) states.push(state);
    expect(states[0]).toBe('metadata');
    expect(states.at(-1)).toBe('seeding');
    await expectFiles(join(base, 'ours'));
    expect(torrent.status()).toMatchObject({ name: 'repo', progress: 1, downloaded: expect.any(Number) });
    // Plain data: it survives JSON.
    expect(JSON.parse(JSON.stringify(client.status()))).toEqual(client.status());
  });

  test('goes on after it was stopped in the middle, and after a piece was damaged meanwhile', async () => {
    const { base, bytes, peers } = await setUp(variant);
    const stateDir = join(base, 'state');
    const first = await loopbackClient({ stateDir, maxDownRate: 6 * MIB });
    const begun = await first.add(bytes, { to: join(base, 'ours'), peers });
    for await (const { done } of begun.updates({ everyMs: 10 })) if (done > 4 * MIB) break;
    await first.close();
    expect(begun.state).toBe('stopped');
    const part = join(base, 'ours/repo/model.safetensors.part');
    expect((await stat(part)).size).toBe(9 * MIB + 12_345);
    const second = await loopbackClient({ stateDir });
    const torrent = await second.add(bytes, { to: join(base, 'ours'), peers });
    await torrent.done();
    const { downloaded } = torrent.status();
    // Together with what the first run brought: little of it twice.
    expect(downloaded).toBeLessThan(9 * MIB + 12_345 + 70_000 + 5 * MIB);
    await expectFiles(join(base, 'ours'));
    await second.close();
    // Somebody writes to the file: its pieces are doubted, and the one that is bad is fetched again.
    const file = await open(join(base, 'ours/repo/model.safetensors'), 'r+');
    await file.write(Uint8Array.of(1, 2, 3), 0, 3, 5 * MIB);
    await file.close();
    const third = await loopbackClient({ stateDir });
    const mended = await third.add(bytes, { to: join(base, 'ours'), peers });
    await mended.done();
    await expectFiles(join(base, 'ours'));
  });
});

test.each<Variant>(['v1', 'v2'])(
  'a magnet link (%s) goes on after a restart without asking what it means',
  async (variant) => {
    const { base, seed, peers } = await setUp(variant);
    const stateDir = join(base, 'state');
    const magnet = seed.infoHash
      ? `magnet:?xt=urn:btih:${seed.infoHash}`
      : `magnet:?xt=urn:btmh:1220${seed.infoHashV2}`;
    const to = join(base, 'ours');
    const first = await loopbackClient({ stateDir, maxDownRate: 6 * MIB });
    const begun = await first.add(magnet, { to, peers });
    for await (const { done } of begun.updates({ everyMs: 10 })) if (done > 4 * MIB) break;
    await first.close();
    const second = await loopbackClient({ stateDir });
    const torrent = await second.add(magnet, { to });
    await torrent.ready();
    expect(torrent.name).toBe('repo');
    expect(torrent.status().done).toBeGreaterThan(3 * MIB);
    torrent.addPeer(peers[0] ?? '');
    await torrent.done();
    await expectFiles(to);
  },
);

test('what was whole when a crash came before its file got its name has it after the next start', async () => {
  const { base, bytes, peers } = await setUp();
  const to = join(base, 'ours');
  const first = await loopbackClient();
  await (await first.add(bytes, { to, peers })).done();
  await first.close();
  await rename(join(to, 'repo/model.safetensors'), join(to, 'repo/model.safetensors.part'));
  await rm(join(to, 'repo/empty.txt'));
  const second = await loopbackClient();
  await (await second.add(bytes, { to })).done();
  await expectFiles(to);
});

test('files can be read while they come: a header, then parts in any order, as streams and as blobs', async () => {
  const { base, bytes, peers } = await setUp();
  const client = await loopbackClient({ maxDownRate: 8 * MIB });
  const torrent = await client.add(bytes, { to: join(base, 'ours'), peers });
  await torrent.ready();
  const file = torrent.file('model.safetensors') ?? expect.fail();
  const content = FILES['model.safetensors'];
  const expectRange = async (start: number, length: number): Promise<void> => {
    const found = await file.read(start, length);
    expect(Buffer.compare(found, content.subarray(start, start + length))).toBe(0);
  };
  await expectRange(0, 8);
  expect(torrent.status().progress).toBeLessThan(0.9);
  await expectRange(8 * MIB + 7, 300_000);
  await expectRange(3 * MIB - 100, 200);
  await expectRange(content.length - 5, 500);
  const chunks = [];
  for await (const chunk of file.stream({ start: 5 * MIB, end: 7 * MIB })) chunks.push(chunk);
  expect(Buffer.compare(Buffer.concat(chunks), content.subarray(5 * MIB, 7 * MIB))).toBe(0);
  const blob = await torrent.file('sub/tokenizer.json')?.blob();
  expect(blob?.size).toBe(70_000);
  await expect(file.read(content.length + 1, 1)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const stop = new AbortController();
  const waiting = file.read(9 * MIB, 100, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await waiting.catch((error: Error) => expect(error.message).toBe('enough'));
  await torrent.done();
});

test('only the files that are wanted are fetched, and a reader gets bytes of the others all the same', async () => {
  const { base, bytes, peers } = await setUp();
  const client = await loopbackClient();
  const torrent = await client.add(bytes, {
    to: join(base, 'ours'),
    peers,
    priority: (path) => (path.endsWith('.json') ? 1 : 0),
  });
  await torrent.done();
  expect(await readFile(join(base, 'ours/repo/sub/tokenizer.json'))).toHaveLength(70_000);
  await expect(stat(join(base, 'ours/repo/model.safetensors.part'))).rejects.toThrow('ENOENT');
  expect(torrent.status()).toMatchObject({ progress: 1, size: 70_000 });
  const header = await torrent.file('model.safetensors')?.read(0, 100);
  expect(Buffer.compare(header ?? new Uint8Array(0), FILES['model.safetensors'].subarray(0, 100))).toBe(0);
});

test('of a torrent of which nothing is wanted, what is read comes, now and later', async () => {
  const { base, bytes, peers } = await setUp();
  const client = await loopbackClient();
  const got = await client.add(bytes, { to: join(base, 'got'), peers, priority: () => 0 });
  await got.done();
  const file = got.file('model.safetensors');
  for (const position of [9 * MIB, 100]) {
    const part = await file?.read(position, 1000);
    expect(part).toEqual(FILES['model.safetensors'].slice(position, position + 1000));
    await new Promise((next) => setTimeout(next, 1500));
  }
  // The seed was not sent away meanwhile.
  expect(got.status()).toMatchObject({ peers: 1, seeds: 1 });
});

test('peers and a web seed bring a torrent together, and a web seed that lies is left', async () => {
  const { base, bytes, peers } = await setUp();
  const { pathname, url } = await fileServer(join(base, 'full'));
  const liar = await fileServer(join(base, 'full'), (body) => body.fill(7));
  const { info, pieceLayers } = parseTorrent(bytes);
  const seeded = createTorrent({ info, pieceLayers, webSeeds: [`${liar.url}/`, `${url}/`] });
  const client = await loopbackClient();
  const alone = await client.add(seeded, { to: join(base, 'alone') });
  await alone.done();
  await expectFiles(join(base, 'alone'));
  const bySource = Object.fromEntries(alone.status().sources.map((source) => [source.name, source]));
  expect(bySource[`web-seed:${new URL(liar.url).host}`]?.error).toMatch(/wrong bytes/);
  expect(pathname).toContain('/repo/sub/tokenizer.json');
  const both = await loopbackClient();
  const together = await both.add(seeded, { to: join(base, 'both'), peers });
  await together.done();
  await expectFiles(join(base, 'both'));
});

test('a web seed that breaks off in the middle of pieces, and is away for a while, is asked again', async () => {
  const { base, bytes } = await setUp();
  let answers = 0;
  const { url } = await fileServer(
    join(base, 'full'),
    () => {},
    (body, response) => {
      answers++;
      // Two thirds of an answer now and then, and sometimes none.
      if (answers % 4 === 3) response.destroy();
      else if (answers < 8 && body.length > 100_000) {
        response.write(body.subarray(0, Math.floor(body.length * 0.66)));
        setTimeout(() => response.destroy(), 10);
      } else response.end(body);
    },
  );
  const client = await loopbackClient();
  const torrent = await client.add(bytes, { to: join(base, 'ours'), webSeeds: [`${url}/`] });
  await torrent.done();
  await expectFiles(join(base, 'ours'));
});

test('a peer that comes to a torrent of ours by its tracker gets it; the seeder was never told of it', async () => {
  const { base, bytes, seeder } = await setUp('v1');
  const { info } = parseTorrent(bytes);
  const url = await trackerOf([seeder.port]);
  const client = await loopbackClient();
  const torrent = await client.add(createTorrent({ info, trackers: [[`${url}/announce`]] }), {
    to: join(base, 'ours'),
  });
  await torrent.done();
  await expectFiles(join(base, 'ours'));
  expect(torrent.status().discovery[0]).toMatchObject({ name: `${url}/announce`, peers: 1 });
});

test("an extension of one's own carries messages both ways", async () => {
  const base = await tempDir();
  const bytes = await makeContent(join(base, 'full'), 'a.bin', { 'a.bin': patternBytes(3 * MIB, 3) });
  const [one, other] = [await loopbackClient(), await loopbackClient({ maxDownRate: MIB })];
  const { promise: heard, resolve } = Promise.withResolvers<string>();
  one.extend(
    'x_greeting',
    ({ payload, send }) => void send(new TextEncoder().encode(`${new TextDecoder().decode(payload)}!`)),
  );
  other.extend('x_greeting', ({ payload }) => resolve(new TextDecoder().decode(payload)));
  const seed = await one.add(bytes, { to: join(base, 'full'), readOnly: true });
  await seed.ready();
  const torrent = await other.add(bytes, { to: join(base, 'ours'), peers: [`127.0.0.1:${one.port}`] });
  await torrent.ready();
  for (let turn = 0; turn < 100 && torrent.send('x_greeting', new TextEncoder().encode('hello')) === 0; turn++) {
    await new Promise((next) => setTimeout(next, 20));
  }
  expect(await heard).toBe('hello!');
});

test('a folder that vanishes stops the torrent with its reason, and it goes on when that is mended', async () => {
  const { base, bytes, peers } = await setUp('v1');
  const client = await loopbackClient({ maxDownRate: 4 * MIB });
  const to = join(base, 'ours');
  const torrent = await client.add(bytes, { to, peers });
  for await (const { done } of torrent.updates({ everyMs: 10 })) if (done > 2 * MIB) break;
  await torrent.stop();
  await rm(to, { recursive: true });
  await writeFile(to, 'a file where the folder was');
  torrent.start();
  await expect(torrent.done()).rejects.toMatchObject({ code: 'STORAGE', message: expect.stringContaining(to) });
  expect(torrent.status()).toMatchObject({ state: 'failed', error: { code: 'STORAGE' }, peers: 0 });
  await rename(to, `${to}.old`);
  client.limit({});
  torrent.start();
  await torrent.done();
  await expectFiles(to);
});

test('a file that somebody cuts short while it is seeded stops the torrent with its reason', async () => {
  const { base, bytes, seed, peers } = await setUp('v1');
  await truncate(join(base, 'full/repo/model.safetensors'), 1000);
  const client = await loopbackClient();
  await client.add(bytes, { to: join(base, 'ours'), peers });
  for (let turn = 0; turn < 200 && seed.state !== 'failed'; turn++) await new Promise((next) => setTimeout(next, 20));
  expect(seed.status()).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('model.safetensors') },
  });
});

test('a client that was closed leaves nothing that keeps a process alive', async () => {
  const { base, peers } = await setUp();
  await writeFile(
    join(base, 'm.torrent'),
    await makeContent(join(base, 'other'), 'a.bin', { 'a.bin': patternBytes(MIB, 5) }),
  );
  const main = new URL('../../src/client/index.ts', import.meta.url).href;
  const script = `
    const { createClient } = await import('${main}');
    const client = await createClient({ host: '127.0.0.1', dht: { bootstrap: [] }, lsd: true, stateDir: '${base}/state' });
    const torrent = await client.add('${base}/m.torrent', { to: '${base}/x', peers: ['${peers[0]}'] });
    await torrent.ready();
    await new Promise((next) => setTimeout(next, 300));
    await client.close();
    // The DHT's library says that it is closed a few turns of the event loop before its socket is.
    const isOurs = (name) => !/^(PipeWrap|TTYWrap|MessagePort|Timeout)$/.test(name);
    let left;
    for (let turn = 0; turn < 20 && left?.length !== 0; turn++) {
      await new Promise((next) => setTimeout(next, 20));
      left = process.getActiveResourcesInfo().filter(isOurs);
    }
    console.log(JSON.stringify(left));`;
  const args = ['--conditions=modelswarm-source', '--input-type=module', '--eval', script];
  const { code, stdout, stderr } = await runProgram(process.execPath, args);
  expect([code, stdout.trim(), stderr]).toEqual([0, '[]', '']);
});

test('a repo is added by its name, where a server has its torrent: all of it, or one file of a revision', async () => {
  const files = { 'model.safetensors': patternBytes(3 * MIB + 5, 1), 'config.json': '{}' };
  const hub = await sampleHub({ repos: [{ name: 'org/model', files, card: { license: 'mit' } }] });
  const mirror = await startMirror({ hub });
  onTestFinished(() => mirror.close());
  const client = await loopbackClient({ hub: { endpoint: mirror.url } });
  const to = await tempDir();
  await expect(client.add('org/model', { to })).rejects.toMatchObject({ code: 'NOT_CACHED' });
  await (await fetch(`${mirror.url}/torrent/org/model?wait=20`)).arrayBuffer();
  const one = await client.add('org/model@main/model.safetensors', { to: join(to, 'one') });
  await one.ready();
  expect(await one.file('model.safetensors')?.read(5, 10)).toEqual(files['model.safetensors'].slice(5, 15));
  await one.done();
  expect(await readdir(join(to, 'one', 'model'))).toEqual(['model.safetensors']);
  await one.remove();
  const all = await client.add('org/model', { to });
  for await (const { state } of all.updates({ everyMs: 20 })) expect(state).not.toBe('failed');
  expect((await readdir(join(to, 'model'))).sort()).toEqual(['config.json', 'model.safetensors']);
  await expect(client.add('org/none', { to })).rejects.toMatchObject({ code: 'HUB_REFUSED' });
});

test('what is no torrent is told so', async () => {
  const client = await loopbackClient();
  await expect(client.add('magnet:?xt=urn:btih:zz')).rejects.toMatchObject({ code: 'BAD_MAGNET' });
  await expect(client.add(new Uint8Array(100))).rejects.toMatchObject({ code: 'BAD_TORRENT' });
  await expect(client.add('/nowhere/at/all.torrent')).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(client.add('http://127.0.0.1:9/x.torrent')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await expect(client.download('no repo', { to: '.' })).rejects.toMatchObject({ code: 'CONFIG' });
});

/** Files below a folder over HTTP, with ranges. `change` is done to what is sent. */
async function fileServer(
  folder: string,
  change: (body: Buffer) => void = () => {},
  send: (body: Buffer, response: ServerResponse) => void = (body, response) => void response.end(body),
): Promise<{ readonly url: string; readonly pathname: Set<string> }> {
  const pathname = new Set<string>();
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    pathname.add(path);
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (!bytes || from === undefined) return void response.writeHead(404).end();
    const body = Buffer.from(bytes.subarray(Number(from), Number(to) + 1));
    change(body);
    response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${bytes.length}`, 'content-length': body.length });
    send(body, response);
  });
  return { url: await listening(server), pathname };
}

/** A tracker that knows these ports of this machine. */
async function trackerOf(ports: readonly number[]): Promise<string> {
  const peers = Buffer.concat(ports.map((port) => Buffer.from([127, 0, 0, 1, port >> 8, port & 255])));
  const body = Buffer.concat([Buffer.from(`d8:intervali1800e5:peers${peers.length}:`), peers, Buffer.from('e')]);
  return await listening(createServer((_, response) => void response.end(body)));
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}
