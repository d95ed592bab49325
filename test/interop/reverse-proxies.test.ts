import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSampleHub, type SampleHub } from '../../src/sample-hub/index.ts';
import { createServer, type RunningServer } from '../../src/server/create-server.ts';
import { hasCommand, missing } from '../support/peers.ts';
import { type ReverseProxy, startCaddyProxy, startNginxProxy } from '../support/reverse-proxy.ts';

const HOST = 'models.example.org';
const ODD_NAME = 'data/50% of #1 & żółw.json';
const model = randomBytes(8 << 20);
// Other bytes: a mirror that holds the model would not fetch it again under another name.
const coldModel = randomBytes(8 << 20);

const proxies = [
  { name: 'nginx', start: startNginxProxy, absent: missing(hasCommand('nginx', '-v'), 'nginx', 'npm test -- --yes') },
  {
    name: 'Caddy',
    start: startCaddyProxy,
    absent: missing(hasCommand('caddy', 'version'), 'Caddy', 'npm test -- --yes'),
  },
];

describe.each(proxies)('behind $name', ({ name, start, absent }) => {
  describe.skipIf(absent)('with the example configuration', () => {
    let hub: SampleHub;
    let mirror: RunningServer;
    let proxy: ReverseProxy;
    let dataDir: string;

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'modelswarm-proxied-'));
      hub = await createSampleHub({
        repos: [
          { name: 'org/model', files: { 'model.bin': model, 'config.json': '{"a":1}', [ODD_NAME]: '[]' } },
          { name: 'org/cold', files: { 'model.bin': coldModel } },
        ],
      });
      mirror = await createServer({
        upstream: hub.url,
        dataDir,
        port: 0,
        publicUrl: `https://${HOST}`,
        trustedProxies: ['127.0.0.1'],
        rateLimit: 2,
      }).listen();
      proxy = await start(mirror.port);
    });
    afterAll(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await mirror?.close();
      await hub?.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    /** Each test comes from an address of its own, so that none meets another's rate limit. */
    const ask = (path: string, options: RequestOptions & { body?: string } = {}): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const { body, headers, ...rest } = options;
        const sent = request({ port: proxy.port, host: '127.0.0.1', path, agent: false, ...rest });
        sent.setHeader('Host', HOST);
        for (const [key, value] of Object.entries(headers ?? {})) sent.setHeader(key, String(value));
        sent.once('response', resolve).once('error', reject).end(body);
      });

    test('a whole file arrives as it is, with its length and ETag', async () => {
      const response = await ask('/org/model/resolve/main/model.bin', { localAddress: '127.0.1.1' });
      expect(response.statusCode).toBe(200);
      const sha256 = createHash('sha256').update(model).digest('hex');
      expect(response.headers).toMatchObject({ 'content-length': String(model.length), etag: `"${sha256}"` });
      expect(response.headers['content-encoding']).toBeUndefined();
      expect(await sha256Of(response)).toBe(sha256);
    });

    test('ranges, conditions and HEAD pass through', async () => {
      const from = { localAddress: '127.0.1.2' };
      const path = '/org/model/resolve/main/model.bin';
      const part = await ask(path, { ...from, headers: { Range: 'bytes=1000-1999' } });
      expect(part.statusCode).toBe(206);
      expect(part.headers['content-range']).toBe(`bytes 1000-1999/${model.length}`);
      expect((await bytesOf(part)).equals(model.subarray(1000, 2000))).toBe(true);
      const head = await ask(path, { ...from, method: 'HEAD' });
      expect([head.statusCode, head.headers['content-length']]).toEqual([200, String(model.length)]);
      const unchanged = await ask(path, { ...from, headers: { 'If-None-Match': String(head.headers.etag) } });
      expect(unchanged.statusCode).toBe(304);
      const beyond = await ask(path, { ...from, headers: { Range: 'bytes=99999999-' } });
      expect(beyond.statusCode).toBe(416);
      for (const response of [head, unchanged, beyond]) response.resume();
    });

    test('names with %, # and non-ASCII letters reach the mirror as they were sent', async () => {
      const path = `/org/model/resolve/main/${encodeURIComponent(ODD_NAME)}`;
      const response = await ask(path, { localAddress: '127.0.1.3' });
      expect([response.statusCode, await text(response)]).toEqual([200, '[]']);
    });

    test('lists of paths are POSTed, and long tokens fit', async () => {
      const body = JSON.stringify({
        paths: ['config.json', ...Array.from({ length: 1500 }, (_, i) => `missing/${i}`)],
      });
      const response = await ask('/api/models/org/model/paths-info/main', {
        localAddress: '127.0.1.4',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      });
      expect([response.statusCode, JSON.parse(await text(response))]).toMatchObject([200, [{ path: 'config.json' }]]);
      const long = await ask('/org/model/resolve/main/config.json', {
        localAddress: '127.0.1.4',
        headers: { 'X-Long': 'a'.repeat(20_000) },
      });
      expect(long.statusCode).toBe(200);
      long.resume();
    });

    test('a cold file streams while it is fetched, to the last byte that is here', async () => {
      // The hub sends so much and then nothing. A proxy that collects the answer, or only whole buffers of it, holds some back.
      const sent = 3_012_345;
      const undo = hub.setFault({ repo: 'org/cold', host: 'cdn' }, { stallAt: sent });
      const response = await ask('/org/cold/resolve/main/model.bin', { localAddress: '127.0.1.5' });
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      await expect.poll(() => Buffer.concat(chunks).length, { timeout: 10_000 }).toBe(sent);
      undo();
      expect(Buffer.concat(chunks).equals(coldModel.subarray(0, sent))).toBe(true);
      response.destroy();
    });

    test('the mirror tells clients apart by their own addresses, which they cannot make up', async () => {
      const status = async (localAddress: string, headers: Record<string, string> = {}) => {
        const response = await ask('/org/model/resolve/main/config.json', { localAddress, method: 'HEAD', headers });
        response.resume();
        return response.statusCode;
      };
      const greedy = [];
      for (let count = 0; count < 30; count += 1) greedy.push(await status('127.0.1.6'));
      expect(greedy).toContain(429);
      expect(await status('127.0.1.6', { 'X-Forwarded-For': '198.51.100.7' })).toBe(429);
      expect(await status('127.0.1.7')).toBe(200);
    });

    test('links in answers use the public address', async () => {
      const response = await ask('/api/models?limit=1', { localAddress: '127.0.1.8' });
      expect(response.statusCode).toBe(200);
      const links = String(response.headers.link ?? '');
      expect(links).toContain(`<https://${HOST}/api/models?`);
      expect(links, name).not.toContain(hub.url);
      response.resume();
    });
  });
});

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function sha256Of(response: IncomingMessage): Promise<string> {
  return createHash('sha256')
    .update(await bytesOf(response))
    .digest('hex');
}
