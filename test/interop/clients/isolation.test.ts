import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientBed, createClientBed, noIsolation } from './client-bed.ts';

const REPO = { name: 'org/model', files: { 'a.txt': 'hello\n' } };
const PATH = '/org/model/resolve/main/a.txt';

describe.skipIf(noIsolation())('the network in which clients are tested', () => {
  let bed: ClientBed;
  let everywhere: Server;
  beforeAll(async () => {
    bed = await createClientBed({ repos: [REPO] });
    everywhere = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await bed.close();
    everywhere.close();
  });

  const curl = (url: string) => bed.attempt('curl', ['-sS', '-L', '--max-time', '10', url]);

  it('reaches the mirror', async () => {
    const mirror = await bed.mirror();
    expect(await curl(`${mirror.url}${PATH}`)).toMatchObject({ code: 0, stdout: 'hello\n' });
  });

  it('does not reach the sample hub or its CDN, which this process reaches', async () => {
    for (const origin of [bed.hub.url, bed.hub.cdnUrl]) {
      expect((await fetch(`${origin}${PATH}`)).status).toBeGreaterThan(0);
      // The same address inside is the network's own loopback, on which nothing listens.
      expect(await curl(`${origin}${PATH}`)).toMatchObject({ code: 7, stdout: '' });
    }
    const { host } = await bed.mirror();
    const { port } = new URL(bed.hub.url);
    expect(await curl(`http://${host}:${port}${PATH}`)).toMatchObject({ code: 7, stdout: '' });
  });

  it('reaches no other server of this machine', async () => {
    const { port } = everywhere.address() as AddressInfo;
    const own = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
    const others = own.filter((address) => !address.startsWith('10.203.') && !address.startsWith('fe80'));
    for (const address of others) {
      const host = address.includes(':') ? `[${address}]` : address;
      expect(await curl(`http://${host}:${port}/`), address).toMatchObject({ code: 7, stdout: '' });
    }
  });

  it('resolves no names and has no route out', async () => {
    expect(await curl('https://huggingface.co/')).toMatchObject({ code: 6, stdout: '' });
    const routes = await bed.run('ip', ['-o', 'route', 'show', 'table', 'all']);
    const beyond = routes.stdout.split('\n').filter((line) => /default|\bvia\b/.test(line));
    expect(beyond).toEqual([]);
  });

  it('ends programs that take too long, with their children', async () => {
    const slow = bed.attempt('sh', ['-c', 'sleep 60 & sleep 60; wait'], { timeout: 300 });
    await expect(slow).rejects.toThrow('not done after 300 ms');
  });
});
