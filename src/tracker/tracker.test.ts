/** The tracker's front ends, each over a real socket, against one state. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { systemClock } from '../base/system-clock.ts';
import { createHttpTracker } from '../discovery/http-tracker.ts';
import type { AnnounceRequest } from '../discovery/tracker-client.ts';
import { createUdpTracker } from '../discovery/udp-tracker.ts';
import { MemorySwarmState } from '../swarm-state/memory-swarm-state.ts';
import type { TrackerSettings } from './create-tracker.ts';
import { HttpTracker } from './http-tracker.ts';
import { TrackerPolicy, USUAL_LIMITS } from './policy.ts';
import { TrackerCore } from './tracker-core.ts';
import { startTracker } from './tracker-server.ts';
import { parseWsMessage } from './ws-messages.ts';

const never = new AbortController().signal;
const idOf = (name: string): Uint8Array => new TextEncoder().encode(name.padEnd(20, '.')).subarray(0, 20);
const hashOf = (value: number): Uint8Array => new Uint8Array(20).fill(value);
const binary = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

async function start(settings: TrackerSettings = {}) {
  const running = await startTracker({ ...settings, host: '127.0.0.1', port: 0 });
  onTestFinished(() => running.close());
  const authority = `127.0.0.1:${running.port}`;
  return { running, http: `http://${authority}/announce`, udp: `udp://${authority}/announce`, ws: `ws://${authority}` };
}

function request(port: number, left: number, more: Partial<AnnounceRequest> = {}): AnnounceRequest {
  const stats = { uploaded: 0, downloaded: 0, left };
  return { infoHash: hashOf(1), peerId: idOf(`peer ${port}`), port, stats, wanted: 50, key: 1, ...more };
}

/** A WebTorrent client, as far as the tracker sees one. */
async function join(url: string, name: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers });
  onTestFinished(() => socket.terminate());
  const heard: Record<string, unknown>[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  const say = (message: object): void =>
    socket.send(
      JSON.stringify({ action: 'announce', info_hash: binary(hashOf(1)), peer_id: binary(idOf(name)), ...message }),
    );
  const offers = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      offer: { type: 'offer', sdp: `sdp of ${name} ${at}` },
      offer_id: binary(idOf(`offer ${name} ${at}`)),
    }));
  return { socket, heard, closed, say, offers };
}

describe('one swarm for all', () => {
  test('native clients find one another over HTTP and UDP, and a browser counts with them', async () => {
    const { http, udp, ws } = await start();
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    await overHttp.announce(http, request(1001, 0, { event: 'started' }), never);
    const second = await overUdp.announce(udp, request(1002, 9), never);
    expect(second).toMatchObject({ peers: [{ host: '127.0.0.1', port: 1001 }], seeds: 1, leechers: 1 });
    const browser = await join(ws, 'browser');
    browser.say({ left: 5, offers: [] });
    await expect.poll(() => browser.heard).toMatchObject([{ complete: 1, incomplete: 2 }]);
    const third = await overHttp.announce(http, request(1003, 9), never);
    expect(third.peers.map(({ port }) => port).sort()).toEqual([1001, 1002]);
    expect(third).toMatchObject({ seeds: 1, leechers: 3, interval: expect.any(Number) });
    await overUdp.announce(udp, request(1002, 0, { event: 'completed' }), never);
    const [counts] = await overHttp.scrape(http, [hashOf(1)], never);
    expect(counts).toEqual({ seeds: 2, leechers: 2, completed: 1 });
    expect(await overUdp.scrape(udp, [hashOf(1), hashOf(2)], never)).toMatchObject([
      { seeds: 2, leechers: 2, completed: 1 },
      { seeds: 0, leechers: 0 },
    ]);
    await overHttp.announce(http, request(1001, 0, { event: 'stopped' }), never);
    browser.socket.close();
    await expect
      .poll(async () => (await overHttp.scrape(http, [hashOf(1)], never))[0])
      .toMatchObject({ seeds: 1, leechers: 1 });
  });
});

describe('over HTTP', () => {
  test('peers come as bytes, as dictionaries, and without their ids', async () => {
    const { http } = await start();
    const about = `info_hash=${escaped(hashOf(7))}&uploaded=0&downloaded=0&left=1`;
    await fetch(`${http}?${about}&peer_id=${escaped(idOf('one'))}&port=2001`);
    const other = `${http}?${about}&peer_id=${escaped(idOf('two'))}&port=2002`;
    const bytes = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer()).toString('latin1');
    expect(await bytes(other)).toContain('5:peers6:\x7f\0\0\x01\x07\xd1');
    expect(await bytes(`${other}&compact=0`)).toContain(
      '5:peersld2:ip9:127.0.0.17:peer id20:one.................4:porti2001eee',
    );
    expect(await bytes(`${other}&compact=0&no_peer_id=1`)).toContain('5:peersld2:ip9:127.0.0.14:porti2001eee');
    expect(await bytes(`${other}&numwant=0`)).toContain('5:peers0:');
    // A partial seed (BEP 21) is a downloader no more.
    await bytes(`${http}?${about}&peer_id=${escaped(idOf('one'))}&port=2001&event=paused`);
    const scrape = http.replace('announce', 'scrape');
    expect(await bytes(`${scrape}?info_hash=${escaped(hashOf(7))}`)).toContain(
      'd8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei2ee',
    );
  });

  test.each([
    ['', 'info_hash is missing'],
    ['?info_hash=abc', 'info_hash must have 20 bytes'],
    [`?info_hash=${escaped(hashOf(1))}`, 'peer_id is missing'],
    [`?info_hash=${escaped(hashOf(1))}&peer_id=${escaped(idOf('x'))}`, 'port must be'],
    [`?info_hash=${escaped(hashOf(1))}&peer_id=${escaped(idOf('x'))}&port=70000`, 'port must be'],
    [
      `?info_hash=%zz${escaped(hashOf(1)).slice(3)}&peer_id=${escaped(idOf('x'))}&port=1`,
      'info_hash must have 20 bytes',
    ],
  ])('%s is refused in words', async (query, reason) => {
    const { http } = await start();
    expect(await (await fetch(http + query)).text()).toContain(reason);
  });

  test('requests in pieces, pipelined, with a body or by another method are understood, on one connection', async () => {
    const { running } = await start();
    const path = `/announce?info_hash=${escaped(hashOf(1))}&peer_id=${escaped(idOf('x'))}&port=1`;
    const socket = connect(running.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    const answers = () => heard.split('HTTP/1.1 ').length - 1;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await expect.poll(answers).toBe(1);
    socket.write(`GET ${path} HTTP/1.1\r\nHo`);
    await new Promise((next) => setTimeout(next, 50));
    socket.write(`st: x\r\n\r\nGET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await expect.poll(answers).toBe(3);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /-/health HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await expect.poll(answers).toBe(5);
    expect(heard).toContain('405 Method Not Allowed');
    expect(heard).toContain('{"status":"ok"}');
    const old = connect(running.port, '127.0.0.1');
    let text = '';
    old.on('data', (chunk) => {
      text += chunk;
    });
    old.write(`GET ${path} HTTP/1.0\r\n\r\n`);
    await once(old, 'close');
    expect(text).toContain('Connection: close');
  });

  test('who never ends a request is ended, and others are served meanwhile', async () => {
    const { running, http } = await start();
    const slow = Array.from({ length: 300 }, () => connect(running.port, '127.0.0.1'));
    onTestFinished(() => {
      for (const socket of slow) socket.destroy();
    });
    let ended = 0;
    for (const socket of slow) {
      socket.resume();
      socket.on('error', () => {}).on('close', () => ended++);
      socket.write('GET /announce?info_hash=');
    }
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    for (let turn = 0; turn < 20; turn++) {
      slow[turn]?.write('x');
      await overHttp.announce(http, request(1, 0), never);
    }
    // Ten seconds for the headers, looked at every two.
    await expect.poll(() => ended, { timeout: 18_000 }).toBe(300);
  });

  test('any query is answered', async () => {
    const { running } = await start();
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('info_hash', 'peer_id', 'port', '=', '&', '%', '%00', escaped(hashOf(1)), '20'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
        const response = await fetch(`http://127.0.0.1:${running.port}/announce?${encodeURI(parts.join(''))}`);
        expect([200, 400]).toContain(response.status);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a peer that has just started', () => {
  test('is told of seeds, also when it says that nothing is left: it may have a magnet link and no metadata', async () => {
    const { http, udp } = await start();
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    await overHttp.announce(http, request(1001, 0), never);
    const first = await overUdp.announce(udp, request(1002, 0, { event: 'started' }), never);
    expect(first.peers).toMatchObject([{ port: 1001 }]);
    expect((await overUdp.announce(udp, request(1002, 0), never)).peers).toEqual([]);
  });
});

describe('over UDP', () => {
  async function client(port: number) {
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    const heard: Buffer[] = [];
    socket.on('message', (message) => heard.push(message));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return { heard, send: (bytes: Uint8Array) => socket.send(bytes, port, '127.0.0.1') };
  }

  test('without a connection id of ours nobody is in a swarm, or gets a word', async () => {
    const { running, udp } = await start();
    const { heard, send } = await client(running.port);
    const forged = Buffer.alloc(98);
    forged.writeUInt32BE(1, 8);
    forged.writeUInt16BE(1, 96);
    send(forged);
    send(Buffer.alloc(3));
    send(Buffer.alloc(16));
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    await overUdp.announce(udp, request(1, 0), never);
    expect(heard).toEqual([]);
    expect(running.tracker.stats()).toMatchObject({ peers: 1 });
  });

  test('whatever is sent, it goes on', async () => {
    const { running, udp } = await start();
    const { send } = await client(running.port);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => send(bytes)),
      { numRuns: 500 },
    );
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    expect(await overUdp.announce(udp, request(1, 0), never)).toMatchObject({ seeds: 1 });
  });
});

describe('on all addresses', () => {
  test('IPv4 and IPv6 peers are told of one another, over HTTP and UDP', async () => {
    const running = await startTracker({ host: '::', port: 0 });
    onTestFinished(() => running.close());
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    const urls = ['127.0.0.1', '[::1]'].map((host) => `udp://${host}:${running.port}/announce`);
    for (const [at, url] of urls.entries()) await overUdp.announce(url, request(3000 + at, 0), never);
    const found = await overHttp.announce(`http://127.0.0.1:${running.port}/announce`, request(3002, 1), never);
    expect(found.peers.map(({ host, port }) => `${host} ${port}`).sort()).toEqual(['127.0.0.1 3000', '::1 3001']);
    expect((await overUdp.announce(urls[1] ?? '', request(3003, 1), never)).peers).toMatchObject([{ host: '::1' }]);
  });

  test('a name is an address, too', async () => {
    const running = await startTracker({ host: 'localhost', port: 0 });
    await running.close();
    await expect(startTracker({ host: 'no.such.host.invalid', port: 0 })).rejects.toMatchObject({ code: 'CONFIG' });
  });
});

describe('over WebSocket', () => {
  test('offers go to others, answers come back, and nobody gets his own', async () => {
    const { ws } = await start();
    const [one, two] = [await join(ws, 'one'), await join(ws, 'two')];
    one.say({ event: 'started', left: 0, numwant: 5, offers: one.offers(5) });
    await expect.poll(() => one.heard).toHaveLength(1);
    two.say({ event: 'started', left: 10, numwant: 5, offers: two.offers(5) });
    await expect.poll(() => one.heard).toHaveLength(2);
    expect(one.heard[1]).toEqual({
      action: 'announce',
      info_hash: binary(hashOf(1)),
      peer_id: binary(idOf('two')),
      offer_id: binary(idOf('offer two 0')),
      offer: { type: 'offer', sdp: 'sdp of two 0' },
    });
    one.say({
      to_peer_id: binary(idOf('two')),
      offer_id: binary(idOf('offer two 0')),
      answer: { type: 'answer', sdp: 'yes' },
    });
    await expect.poll(() => two.heard).toHaveLength(2);
    expect(two.heard[0]).toMatchObject({ complete: 1, incomplete: 1, interval: expect.any(Number) });
    expect(two.heard[1]).toMatchObject({ peer_id: binary(idOf('one')), answer: { type: 'answer', sdp: 'yes' } });
    // Glare: the two have been introduced a moment ago.
    one.say({ left: 0, numwant: 5, offers: one.offers(5) });
    await expect.poll(() => one.heard).toHaveLength(3);
    two.say({ action: 'scrape' });
    await expect.poll(() => two.heard).toHaveLength(3);
    expect(two.heard[2]).toEqual({
      action: 'scrape',
      files: { [binary(hashOf(1))]: { complete: 1, incomplete: 1, downloaded: 0 } },
      flags: { min_request_interval: 300 },
    });
  });

  test('a peer id belongs to its connection: who takes it gets nothing, and takes nothing away', async () => {
    const { ws, running } = await start();
    const owner = await join(ws, 'owner');
    owner.say({ left: 1 });
    await expect.poll(() => owner.heard).toHaveLength(1);
    const thief = await join(ws, 'owner');
    thief.say({ left: 1 });
    await expect.poll(() => thief.heard).toHaveLength(1);
    expect(thief.heard[0]).toMatchObject({ 'failure reason': expect.stringContaining('in use') });
    // However often he tries, the owner is not taken for dead.
    for (let turn = 0; turn < 20; turn++) thief.say({ left: 1 });
    await expect.poll(() => thief.heard).toHaveLength(21);
    thief.heard.splice(1);
    thief.say({ event: 'stopped' });
    thief.say({ to_peer_id: binary(idOf('owner')), offer_id: binary(idOf('o')), answer: { type: 'answer', sdp: '' } });
    await expect.poll(() => thief.heard).toHaveLength(3);
    thief.socket.close();
    await thief.closed;
    expect(running.tracker.counts(hashOf(1))).toMatchObject({ leechers: 1 });
    expect(owner.heard).toHaveLength(1);
    expect(owner.socket.readyState).toBe(WebSocket.OPEN);
    // When the owner goes, the id is free.
    owner.socket.terminate();
    await expect.poll(() => running.tracker.stats().peers).toBe(0);
    const next = await join(ws, 'owner');
    next.say({ left: 1 });
    await expect.poll(() => next.heard[0]).toMatchObject({ incomplete: 1 });
  });

  test.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['an unknown action', '{"action":"dance"}'],
    ['a short info-hash', '{"action":"announce","info_hash":"abc"}'],
    ['an info-hash that is no bytes', JSON.stringify({ action: 'announce', info_hash: '€'.repeat(20) })],
  ])('%s ends the connection', async (_, text) => {
    const { ws } = await start();
    const client = await join(ws, 'x');
    client.socket.send(text);
    expect(await client.closed).toBe(1008);
  });

  test('what is too long, binary, or too much ends the connection; others go on', async () => {
    const { ws } = await start();
    const good = await join(ws, 'good');
    const long = await join(ws, 'long');
    long.socket.send('x'.repeat(300_000));
    expect(await long.closed).toBe(1009);
    const bytes = await join(ws, 'bytes');
    bytes.socket.send(Buffer.from('{"action":"scrape"}'), { binary: true });
    expect(await bytes.closed).toBe(1008);
    const loud = await join(ws, 'loud');
    for (let turn = 0; turn < 3000; turn++) loud.say({ left: 1 });
    expect(await loud.closed).toBe(1008);
    good.say({ left: 1 });
    await expect.poll(() => good.heard).toHaveLength(1);
  });

  test('pages from elsewhere are not let in', async () => {
    const { ws } = await start({ origins: ['https://models.example.org'] });
    await join(ws, 'ours', { Origin: 'https://models.example.org' });
    await expect(join(ws, 'theirs', { Origin: 'https://evil.example' })).rejects.toThrow('403');
  });

  test('any text is a message or wrong', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['announce', 'answer', 'scrape', 'wrong']).toContain(parseWsMessage(text).kind);
      }),
    );
  });
});

describe('the policy', () => {
  test('a tracker for some torrents knows no others', async () => {
    const { http, udp, running } = await start({ isAllowed: (hash) => hash[0] === 1 });
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    await overHttp.announce(http, request(1, 0), never);
    const foreign = request(1, 0, { infoHash: hashOf(2) });
    await expect(overHttp.announce(http, foreign, never)).rejects.toThrow('does not know this torrent');
    await expect(overUdp.announce(udp, foreign, never)).rejects.toThrow('does not know this torrent');
    expect(running.tracker.stats()).toMatchObject({ swarms: 1, peers: 1, counters: { refused: 2 } });
  });

  test('a private torrent wants a ticket, by every way in', async () => {
    const tickets = {
      wants: (hash: Uint8Array) => hash[0] === 1,
      isGood: (_: Uint8Array, ticket: string) => ticket === 'good',
    };
    const { http, udp, ws } = await start({ tickets });
    const overHttp = createHttpTracker({ clock: systemClock, userAgent: 'test' });
    const overUdp = createUdpTracker();
    onTestFinished(() => overUdp.close());
    for (const bad of ['', '?ticket=bad']) {
      await expect(overHttp.announce(http + bad, request(1, 0), never)).rejects.toThrow('valid ticket');
      await expect(overUdp.announce(udp + bad, request(1, 0), never)).rejects.toThrow('valid ticket');
      const browser = await join(`${ws}/announce${bad}`, `browser ${bad}`);
      browser.say({ left: 1 });
      await expect.poll(() => browser.heard).toMatchObject([{ 'failure reason': 'this torrent needs a valid ticket' }]);
    }
    await overHttp.announce(`${http}?ticket=good`, request(1, 0), never);
    expect(await overUdp.announce(`${udp}?ticket=good`, request(2, 1), never)).toMatchObject({ seeds: 1, leechers: 1 });
    const browser = await join(`${ws}/announce?ticket=good`, 'browser');
    browser.say({ left: 1 });
    await expect.poll(() => browser.heard).toMatchObject([{ complete: 1, incomplete: 2 }]);
    await overHttp.announce(http, request(1, 0, { infoHash: hashOf(2) }), never);
    // Nor does a scrape tell who is in it.
    const nobody = { seeds: 0, leechers: 0, completed: 0 };
    expect(await overHttp.scrape(http, [hashOf(1)], never)).toEqual([nobody]);
    expect(await overUdp.scrape(`${udp}?ticket=good`, [hashOf(1)], never)).toEqual([nobody]);
    expect(await overHttp.scrape(`${http}?ticket=good`, [hashOf(1)], never)).toMatchObject([{ seeds: 1 }]);
    const stranger = await join(ws, 'stranger');
    stranger.say({ action: 'scrape' });
    await expect.poll(() => JSON.stringify(stranger.heard)).toContain('"complete":0');
  });

  test('one address cannot fill the tracker, and is told so', async () => {
    const clock = new ManualClock();
    const state = new MemorySwarmState({ clock, ttlMs: 60_000, mostPeers: 1_000_000 });
    const policy = new TrackerPolicy({ limits: USUAL_LIMITS, clock });
    const tracker = new HttpTracker(new TrackerCore({ state, policy, clock, random: () => 0.5, intervalSeconds: 600 }));
    const flooder = { bytes: Uint8Array.of(10, 0, 0, 1), client: '10.0.0.1', reachedAt: undefined };
    const ask = (hash: Uint8Array, asker: typeof flooder) =>
      Buffer.from(
        tracker.answer(`/announce?info_hash=${escaped(hash)}&peer_id=${escaped(idOf('x'))}&port=1`, asker) ?? [],
      ).toString('latin1');
    let last = '';
    for (let turn = 0; turn < 30_000; turn++) {
      const hash = hashOf(0);
      new DataView(hash.buffer).setUint32(0, turn);
      last = ask(hash, flooder);
    }
    expect(last).toContain('too many requests');
    expect(last).toContain('retry in');
    expect(state.size.swarms).toBeLessThanOrEqual(USUAL_LIMITS.newcomerBurst);
    expect(ask(hashOf(9), { bytes: Uint8Array.of(10, 0, 0, 2), client: '10.0.0.2', reachedAt: undefined })).toContain(
      '5:peers',
    );
  });
});
