import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { expect, onTestFinished, test, vi } from 'vitest';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { patternBytes, ScriptedReader } from '../../test/support/scripted-reader.ts';
import { systemClock } from '../base/system-clock.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import { SwarmError } from '../errors.ts';
import { createCallerKeys } from './authorization.ts';
import { fileResponse } from './file-body.ts';
import { type HotEntry, HotTable } from './hot-table.ts';
import { createNodeListener, type NodeListenerOptions } from './node-listener.ts';
import { type Header, planFile } from './plan-file.ts';
import { frameRequest } from './request-frame.ts';

const SIZE = 3_000_000;
const LARGE = 2 ** 30;
const file = { size: SIZE, etag: '"0123"' };
const fixed: readonly Header[] = [
  ['X-Repo-Commit', 'a'.repeat(40)],
  ['Content-Type', 'application/octet-stream'],
  ['Cache-Status', 'modelswarm; hit'],
];

interface Site {
  readonly url: string;
  readonly port: number;
  readonly hot: HotTable;
  readonly readers: ScriptedReader[];
  /** Bytes of the answers from `/file` and `/hot` that have ended. */
  readonly ends: number[];
  readonly logger: ReturnType<typeof recordingLogger>;
  /** Changes every reader from now on. */
  script: (reader: ScriptedReader) => void;
}

/** An app with one file at `/file`, as every service of ours would answer it. */
async function site(options: Partial<NodeListenerOptions> = {}): Promise<Site> {
  const logger = recordingLogger();
  const hot = new HotTable({ clock: systemClock, callerKeys: createCallerKeys() });
  const readers: ScriptedReader[] = [];
  const ends: number[] = [];
  const onEnd = (bytes: number): void => void ends.push(bytes);
  const open = (): ByteReader => {
    const reader = new ScriptedReader(SIZE);
    made.script(reader);
    readers.push(reader);
    return reader;
  };
  const app = new Hono();
  app.all('*', (context) => {
    const request = context.req.raw;
    return frameRequest(request, { logger, clock: systemClock }, async () => {
      const { pathname } = new URL(request.url);
      if (pathname === '/error') throw new SwarmError('UPSTREAM_UNAVAILABLE', 'The Hub is down');
      if (pathname === '/bug') throw new TypeError('a bug');
      if (pathname === '/text') return new Response('text');
      if (pathname === '/large') {
        const reader = new ScriptedReader(LARGE);
        readers.push(reader);
        return fileResponse({ reader, start: 0, end: LARGE }, { headers: { 'content-length': String(LARGE) } });
      }
      const plan = planFile(request.method, (name) => request.headers.get(name), file);
      const headers = [...fixed, ...plan.headers].map(([name, value]): [string, string] => [name, value]);
      if (request.method === 'HEAD' || plan.start === plan.end)
        return new Response(null, { status: plan.status, headers });
      const body = { reader: open(), start: plan.start, end: plan.end, onEnd };
      return fileResponse(body, { status: plan.status, headers });
    });
  });
  const listener = createNodeListener({ fetch: app.fetch, logger, clock: systemClock, hot, ...options });
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const made: Site = { url: `http://127.0.0.1:${port}`, port, hot, readers, ends, logger, script: () => {} };
  hot.put('/hot', undefined, hotFile(open, onEnd));
  return made;
}

function hotFile(open: () => ByteReader, onEnd?: (bytes: number) => void): HotEntry {
  const repo = { type: 'models', id: 'a/b' } as const;
  return { kind: 'file', repo, expiresAt: Number.POSITIVE_INFINITY, headers: fixed, file, open, onEnd };
}

async function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(url, { method, headers });
  return { status: response.status, headers: response.headers, bytes: await response.bytes() };
}

/** A raw connection, for what `fetch` does not do. */
async function dial({ port }: Site): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

const allClosed = (readers: readonly ScriptedReader[]): boolean => readers.every(({ closed }) => closed === 1);

test.each(['/file', '/hot'])('%s: whole files and ranges of every size arrive byte for byte', async (path) => {
  const { url, readers } = await site();
  const whole = await get(url + path);
  expect(whole.status).toBe(200);
  expect(whole.headers.get('content-length')).toBe(String(SIZE));
  expect(Buffer.compare(whole.bytes, patternBytes(0, SIZE))).toBe(0);
  const spans = [
    [0, 1],
    [5, 70_000],
    [262_143, 524_288],
    [1_000_000, 1_262_144],
    [2_999_999, 3_000_000],
    [1, 3_000_000],
  ];
  await Promise.all(
    spans.map(async ([start = 0, end = 0]) => {
      const part = await get(url + path, { range: `bytes=${start}-${end - 1}` });
      expect(part.status).toBe(206);
      expect(Buffer.compare(part.bytes, patternBytes(start, end))).toBe(0);
    }),
  );
  await vi.waitFor(() => expect(allClosed(readers)).toBe(true));
});

test.each([
  '/../file',
  '/a/../file',
  '/./file',
  '/a/%2e%2E/file',
  '/a/.%2e/file',
  '/file/..',
  '/file/.?x=1',
  `/${'a'.repeat(3000)}/../file`,
])('%s is refused and not resolved', async (path) => {
  const socket = await dial(await site());
  socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString('latin1');
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain('The URL path contains the segment');
});

test('dots in names and in queries are no dot segments', async () => {
  const { url } = await site();
  expect((await get(`${url}/..file`)).status).toBe(200);
  expect((await get(`${url}/file...`)).status).toBe(200);
  expect((await get(`${url}/file?x=/../y`)).status).toBe(200);
});

test('many clients at once, with pooled buffers, never see one another’s bytes', async () => {
  const { url } = await site();
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const start = (index * 7919) % 2_900_000;
      const end = start + 1 + ((index * 104_729) % 99_000);
      const part = await get(`${url}${index % 2 ? '/hot' : '/file'}`, { range: `bytes=${start}-${end - 1}` });
      expect(Buffer.compare(part.bytes, patternBytes(start, end))).toBe(0);
    }),
  );
});

test('the hot answer is, header by header, the one that the app gives', async () => {
  const { url } = await site();
  const requests: [string, Record<string, string>][] = [
    ['GET', {}],
    ['HEAD', {}],
    ['HEAD', { range: 'bytes=0-1' }],
    ['GET', { range: 'bytes=7-9' }],
    ['GET', { range: 'bytes=-5', 'if-range': '"0123"' }],
    ['GET', { range: 'bytes=7-9', 'if-range': '"other"' }],
    ['GET', { range: 'bytes=7-9,11-12' }],
    ['GET', { range: `bytes=${SIZE}-` }],
    ['GET', { 'if-none-match': 'W/"0123"' }],
    ['GET', { 'if-match': '"other"' }],
    ['GET', { origin: 'https://example.org', range: 'bytes=0-0' }],
    ['GET', { 'accept-encoding': 'gzip, br', range: 'bytes=0-99' }],
  ];
  for (const [method, headers] of requests) {
    const id = { 'x-request-id': 'same' };
    const long = await get(`${url}/file`, { ...headers, ...id }, method);
    const hot = await get(`${url}/hot`, { ...headers, ...id }, method);
    const named = ({ headers }: typeof hot) => [...headers].filter(([name]) => name !== 'date').sort();
    expect(hot.status).toBe(long.status);
    expect(named(hot)).toEqual(named(long));
    expect(hot.headers.has('date')).toBe(true);
    expect(Buffer.compare(hot.bytes, long.bytes)).toBe(0);
  }
});

test('a hot document is sent as it is, without a body to HEAD', async () => {
  const { url, hot } = await site();
  const repo = { type: 'models', id: 'a/b' } as const;
  const text = '{"a":"ü"}';
  const body = Buffer.from(text).toString('latin1');
  const headers: Header[] = [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
  ];
  hot.put('/api/doc', undefined, { kind: 'document', repo, expiresAt: Infinity, headers, status: 200, body });
  const answer = await get(`${url}/api/doc`);
  expect(new TextDecoder().decode(answer.bytes)).toBe(text);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const head = await get(`${url}/api/doc`, {}, 'HEAD');
  expect(head.headers.get('content-length')).toBe('10');
  expect(head.bytes.length).toBe(0);
});

test('the hot table answers only those for whom it was filled', async () => {
  const { url, readers } = await site();
  await get(`${url}/hot`, { authorization: 'Bearer hf_x', range: 'bytes=0-0' });
  await get(`${url}/hot`, { authorization: 'Basic eDp5', range: 'bytes=0-0' });
  // Both went the long way: the app opened the readers, and logged the requests itself.
  expect(readers).toHaveLength(2);
  const { url: closed, logger } = await site({ hotCaller: () => undefined });
  await get(`${closed}/hot`, { range: 'bytes=0-0' });
  expect(logger.lines.filter(({ fields }) => 'hot' in fields)).toEqual([]);
});

test('a hot file that is not held any more is forgotten, and the app answers', async () => {
  const { url, hot } = await site();
  hot.put('/file', undefined, { ...hotFile(() => new ScriptedReader(0)), open: async () => undefined } as HotEntry);
  const answer = await get(`${url}/file`, { range: 'bytes=3-5' });
  expect(answer.bytes).toEqual(patternBytes(3, 6));
  expect(hot.find('/file', undefined)).toBeUndefined();
});

test.each([1000, 400_000])('a hot range of %i bytes whose reader fails is answered by the app', async (length) => {
  const broken = new ScriptedReader(SIZE);
  broken.failsAt = 0;
  const { url, hot } = await site();
  hot.put(
    '/file',
    undefined,
    hotFile(() => broken),
  );
  const answer = await get(`${url}/file`, { range: `bytes=0-${length - 1}` });
  expect(answer.bytes).toEqual(patternBytes(0, length));
  expect(broken.closed).toBe(1);
});

test('when the first bytes do not come, the answer is an error and not a broken download', async () => {
  const made = await site();
  made.script = (reader) => {
    reader.failsAt = 0;
  };
  const answer = await get(`${made.url}/file`, { 'x-request-id': 'seen-before' });
  expect(answer.status).toBe(500);
  expect(answer.headers.get('x-request-id')).toBe('seen-before');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(made.readers[0]?.closed).toBe(1);
});

test('when bytes stop coming later, the connection is cut and the log says so', async () => {
  const made = await site();
  made.script = (reader) => {
    reader.failsAt = 1_000_000;
  };
  await expect(get(`${made.url}/file`)).rejects.toThrow();
  await vi.waitFor(() => expect(made.logger.lines.some(({ message }) => message === 'answer cut short')).toBe(true));
  expect(allClosed(made.readers)).toBe(true);
});

test.each(['/file', '/hot'])('%s: a client that leaves releases its reader, also one that waits', async (path) => {
  const made = await site();
  made.script = (reader) => {
    reader.hangsAt = 1_000_000;
  };
  const client = new AbortController();
  const response = await fetch(made.url + path, { signal: client.signal });
  await response.body?.getReader().read();
  client.abort();
  await vi.waitFor(() => expect(allClosed(made.readers)).toBe(true));
});

test.each(['/file', '/hot'])('%s: the end of each answer with bytes is told once, and of no other', async (path) => {
  const made = await site();
  await get(made.url + path, {}, 'HEAD');
  await get(made.url + path, { 'if-none-match': '"0123"' });
  await get(made.url + path, { range: `bytes=${SIZE}-` });
  await get(made.url + path, { range: 'bytes=7-9' });
  await get(made.url + path, { range: 'bytes=0-399999' });
  await get(made.url + path);
  await vi.waitFor(() => expect(made.ends).toEqual([3, 400_000, SIZE]));
});

test.each(['/file', '/hot'])('%s: an answer that is cut short ends with the bytes that had come', async (path) => {
  const made = await site();
  made.script = (reader) => {
    reader.failsAt = 1_000_000;
    reader.chunk = 100_000;
  };
  await expect(get(made.url + path)).rejects.toThrow();
  await vi.waitFor(() => expect(made.ends).toEqual([1_000_000]));
});

test.each(['/file', '/hot'])('%s: a client that leaves ends its answer, if one had begun', async (path) => {
  const made = await site();
  const leave = async (hangsAt: number): Promise<void> => {
    made.script = (reader) => {
      reader.hangsAt = hangsAt;
      reader.chunk = 100_000;
    };
    const opened = made.readers.length;
    const client = new AbortController();
    const answer = fetch(made.url + path, { signal: client.signal });
    answer.catch(() => {});
    if (hangsAt > 0) await (await answer).body?.getReader().read();
    else await vi.waitFor(() => expect(made.readers[opened]?.reads).toBe(1));
    client.abort();
    await vi.waitFor(() => expect(allClosed(made.readers)).toBe(true));
  };
  await leave(0);
  await leave(1_000_000);
  await vi.waitFor(() => expect(made.ends).toHaveLength(1));
  // It may have gone before all that could be read was.
  expect(made.ends[0]).toBeGreaterThan(0);
  expect(made.ends[0]).toBeLessThanOrEqual(1_000_000);
});

test('an answer whose first bytes do not come has no end, and a hot one that the app takes over has the end of that', async () => {
  const made = await site();
  made.script = (reader) => {
    reader.failsAt = made.readers.length === 0 ? 0 : Number.POSITIVE_INFINITY;
  };
  await get(`${made.url}/file`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(made.ends).toEqual([]);
  const broken = new ScriptedReader(SIZE);
  broken.failsAt = 0;
  const hotEnds: number[] = [];
  made.hot.put(
    '/file',
    undefined,
    hotFile(
      () => broken,
      (bytes) => hotEnds.push(bytes),
    ),
  );
  await get(`${made.url}/file`, { range: 'bytes=0-999' });
  await vi.waitFor(() => expect(made.ends).toEqual([1000]));
  expect(hotEnds).toEqual([]);
});

test('a client that does not read holds two buffers and no more', async () => {
  const made = await site();
  const socket = await dial(made);
  socket.pause();
  socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
  let reads = -1;
  await vi.waitFor(
    () => {
      const before = reads;
      reads = made.readers[0]?.reads ?? 0;
      expect(reads).toBeGreaterThan(0);
      expect(reads).toBe(before);
    },
    { interval: 100 },
  );
  // The sockets' own buffers on loopback take a few MB; nothing like the 2,048 reads of the whole file.
  expect(reads).toBeLessThan(100);
  socket.destroy();
  await vi.waitFor(() => expect(allClosed(made.readers)).toBe(true));
});

test('pipelined requests are answered in order, and all readers close when the client goes', async () => {
  const made = await site();
  const socket = await dial(made);
  const request = (path: string, range: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=${range}\r\n\r\n`;
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  socket.write(request('/file', '65-66') + request('/hot', '66-67') + request('/file', '67-68'));
  await vi.waitFor(() =>
    expect(received.match(/\r\n\r\n(..)/gs)?.map((text) => text.trim())).toEqual(['AB', 'BC', 'CD']),
  );
  made.script = (reader) => {
    reader.hangsAt = 0;
  };
  socket.write(request('/file', '0-9').repeat(15));
  await vi.waitFor(() => expect(made.readers.length).toBeGreaterThan(5));
  socket.destroy();
  await vi.waitFor(() => expect(allClosed(made.readers)).toBe(true));
});

test('errors of the app are answers with a request id, and name no inner words', async () => {
  const { url } = await site();
  const down = await get(`${url}/error`);
  expect(down.status).toBe(503);
  expect(down.headers.get('x-error-code')).toBe('UPSTREAM_UNAVAILABLE');
  const bug = await get(`${url}/bug`);
  expect(bug.status).toBe(500);
  expect(new TextDecoder().decode(bug.bytes)).toBe('Internal error');
  expect(bug.headers.get('x-request-id')).toMatch(/./);
});

test('an app that throws outside its frame is a 500 in JSON with a request id', async () => {
  const failing = await site({
    fetch: () => {
      throw new Error('outside');
    },
  });
  const answer = await get(`${failing.url}/x`);
  expect(answer.status).toBe(500);
  expect(JSON.parse(new TextDecoder().decode(answer.bytes))).toEqual({ error: 'Internal error' });
  expect(answer.headers.get('x-request-id')).toMatch(/./);
});

test('a malformed request target is a 400', async () => {
  const made = await site();
  const socket = await dial(made);
  socket.write('GET /a\\b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [answer] = await once(socket.setEncoding('latin1'), 'data');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

test('a preflight is answered without asking the app', async () => {
  const { url } = await site();
  const answer = await get(`${url}/error`, { origin: 'https://example.org' }, 'OPTIONS');
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, OPTIONS');
  expect(answer.headers.get('access-control-allow-headers')).toContain('Range');
  expect(answer.headers.get('access-control-max-age')).toBe('86400');
});

test('bandwidth limits see every byte of file bodies, on the hot path too', async () => {
  let bytes = 0;
  const { url } = await site({
    pace: async (_outgoing, count) => {
      bytes += count;
    },
  });
  await get(`${url}/hot`, { range: 'bytes=0-99' });
  await get(`${url}/file`, { range: 'bytes=0-999999' });
  expect(bytes).toBe(1_000_100);
});

test('each request is one line at debug, without its query', async () => {
  const { url, logger } = await site();
  await get(`${url}/text?secret=1`, { 'x-request-id': 'one' });
  await get(`${url}/hot`, { 'x-request-id': 'two', range: 'bytes=0-9' });
  const lines = logger.lines.filter(({ message }) => message === 'request');
  expect(lines.map(({ level, fields }) => ({ level, ...fields }))).toMatchObject([
    { level: 'debug', requestId: 'one', method: 'GET', path: '/text', status: 200 },
    { level: 'debug', requestId: 'two', method: 'GET', path: '/hot', status: 206, bytes: 10 },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
