import { expect, test, vi } from 'vitest';
import { loopbackServer } from '../../test/support/loopback-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { encode } from '../bencode/encode.ts';
import { createHttpTracker } from './http-tracker.ts';
import type { AnnounceRequest } from './tracker-client.ts';

const REQUEST: AnnounceRequest = {
  infoHash: Uint8Array.from({ length: 20 }, (_, index) => (index * 37) & 255),
  peerId: new TextEncoder().encode('-MS0001-~._aZ09%&+ ='),
  port: 6881,
  stats: { uploaded: 1, downloaded: 2, left: 3 },
  event: 'started',
  wanted: 50,
  key: 0xbeef,
};
const EMPTY = encode({ interval: 60, peers: '' });
const { signal } = new AbortController();

/** What a query has for a name, byte for byte. */
function rawParameter(url: string, name: string): Buffer {
  const [, value = ''] = new RegExp(`[?&]${name}=([^&]*)`).exec(url) ?? [];
  const text = value.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

test('an announce: bytes are encoded as they are, and the query of the URL stays', async () => {
  const server = await loopbackServer((_, response) => response.end(EMPTY));
  const tracker = createHttpTracker({ userAgent: 'test/1' });
  const trackerId = Uint8Array.of(0x26, 0xff);
  const url = `${server.url}/announce?passkey=a%2fb&x=1#top`;
  expect(await tracker.announce(url, { ...REQUEST, trackerId }, signal)).toMatchObject({ interval: 60, peers: [] });
  const [seen] = server.requests;
  expect(seen?.headers['user-agent']).toBe('test/1');
  expect(seen?.url).toMatch(/^\/announce\?passkey=a%2fb&x=1&info_hash=%00%25Jo%94/);
  expect(rawParameter(seen?.url ?? '', 'info_hash')).toEqual(Buffer.from(REQUEST.infoHash));
  expect(rawParameter(seen?.url ?? '', 'peer_id')).toEqual(Buffer.from(REQUEST.peerId));
  const rest = '&port=6881&uploaded=1&downloaded=2&left=3&compact=1&no_peer_id=1&numwant=50&key=0000beef&event=started';
  expect(seen?.url).toContain(`${rest}&trackerid=%26%FF`);
});

test('a scrape asks beside the announce, and says nothing of unknown torrents', async () => {
  const files = Buffer.concat([Buffer.from('20:'), REQUEST.infoHash, Buffer.from('d8:completei9ee')]);
  const server = await loopbackServer((_, response) =>
    response.end(`d5:filesd${files.toString('latin1')}ee`, 'latin1'),
  );
  const other = new Uint8Array(20);
  const tracker = createHttpTracker();
  const counts = await tracker.scrape(`${server.url}/x/announce.php?k=1`, [REQUEST.infoHash, other], signal);
  expect(counts).toEqual([{ seeds: 9, leechers: 0, completed: 0 }, undefined]);
  expect(server.requests[0]?.url).toMatch(/^\/x\/scrape\.php\?k=1&info_hash=%00%25.*&info_hash=(%00){20}$/);
  await expect(tracker.scrape(`${server.url}/a`, [other], signal)).rejects.toMatchObject({ code: 'TRACKER_FAILED' });
});

test('refusals have the words of the tracker, and no key of the URL', async () => {
  const key = 'k'.repeat(32);
  const answers: Record<string, [number, Uint8Array | string]> = {
    '/refuses': [200, encode({ 'failure reason': 'go away', 'retry in': 2 })],
    '/refuses-with-400': [400, encode({ 'failure reason': 'unregistered' })],
    '/missing': [404, '<html>'],
    '/busy': [503, ''],
    '/html': [200, '<html>'],
    '/list': [200, 'le'],
  };
  const server = await loopbackServer(({ url }, response) => {
    const [status, body] = answers[url.slice(0, url.indexOf(`/${key}`))] ?? [500, ''];
    response.writeHead(status, { 'retry-after': '7' }).end(body);
  });
  const failure = async (path: string) => {
    const announce = createHttpTracker().announce(`${server.url}${path}/${key}/announce?key=${key}`, REQUEST, signal);
    const error = await announce.then(
      () => undefined,
      (error) => error,
    );
    expect(error?.code).toBe('TRACKER_FAILED');
    expect(error?.message).not.toContain(key);
    return [error.message.replace(server.url, ''), error.retryAfterSeconds];
  };
  expect(await failure('/refuses')).toEqual(['The tracker /refuses/.../announce: go away.', 120]);
  expect((await failure('/refuses-with-400'))[0]).toContain('unregistered');
  expect(await failure('/missing')).toEqual(['The tracker /missing/.../announce: it answered with status 404.', 7]);
  expect((await failure('/busy'))[1]).toBe(7);
  expect((await failure('/html'))[0]).toContain('cannot be read');
  expect((await failure('/list'))[0]).toContain('cannot be read');
});

test('redirects: five at most, to HTTP only', async () => {
  const server = await loopbackServer(({ url }, response) => {
    const left = Number(/^\/(\d+)/.exec(url)?.[1] ?? Number.NaN);
    if (left === 0) response.end(EMPTY);
    else if (left > 0) response.writeHead(302, { location: `/${left - 1}?moved` }).end();
    else response.writeHead(301, { location: 'file:///etc/passwd' }).end();
  });
  const tracker = createHttpTracker();
  expect(await tracker.announce(`${server.url}/5/announce`, REQUEST, signal)).toMatchObject({ interval: 60 });
  await expect(tracker.announce(`${server.url}/6/announce`, REQUEST, signal)).rejects.toThrow('more than 5 redirects');
  await expect(tracker.announce(`${server.url}/file`, REQUEST, signal)).rejects.toThrow('not allowed');
});

test('a redirect from TLS to plain text is not followed', async () => {
  const fetch = vi.fn(async () => new Response(null, { status: 302, headers: { location: 'http://x.test/' } }));
  await expect(createHttpTracker({ fetch }).announce('https://x.test/announce', REQUEST, signal)).rejects.toThrow(
    'not allowed',
  );
  expect(fetch).toHaveBeenCalledOnce();
});

test('an answer without end is cut off', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: () => {
      cancelled = true;
    },
  });
  const fetch = async () => new Response(body);
  await expect(createHttpTracker({ fetch }).announce('http://x.test/announce', REQUEST, signal)).rejects.toThrow(
    '1 MiB',
  );
  expect(cancelled).toBe(true);
});

test('a tracker that says nothing is left after 15 seconds', async () => {
  const clock = new ManualClock();
  const server = await loopbackServer(() => {});
  const announce = createHttpTracker({ clock }).announce(`${server.url}/announce`, REQUEST, signal);
  announce.catch(() => {});
  await vi.waitFor(() => expect(server.requests).toHaveLength(1), 5000);
  clock.advance(14_999);
  expect(clock.sleepers).toBe(1);
  clock.advance(1);
  await expect(announce).rejects.toMatchObject({ code: 'TRACKER_FAILED' });
  expect(clock.sleepers).toBe(0);
});

test('an abort ends it with its reason', async () => {
  const stop = new AbortController();
  const clock = new ManualClock();
  const fetch = () => new Promise<Response>(() => {});
  const announce = createHttpTracker({ fetch, clock }).announce('http://x.test/announce', REQUEST, stop.signal);
  stop.abort(new Error('enough'));
  await expect(announce).rejects.toThrow('enough');
  expect(clock.sleepers).toBe(0);
});

test.each(['ftp://x.test/announce', 'udp://x.test:1/announce', 'http://user:word@x.test/announce', 'nonsense'])(
  '%s is not asked',
  async (url) => {
    const fetch = vi.fn();
    await expect(createHttpTracker({ fetch }).announce(url, REQUEST, signal)).rejects.toMatchObject({
      code: 'TRACKER_FAILED',
    });
    expect(fetch).not.toHaveBeenCalled();
  },
);

test('nobody listens there', async () => {
  const announce = createHttpTracker().announce('http://127.0.0.1:1/announce?secret', REQUEST, signal);
  await expect(announce).rejects.toThrow(/^The tracker http:\/\/127\.0\.0\.1:1\/announce: it could not be reached/);
});
