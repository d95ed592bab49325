/** `modelswarm tracker` as an operator uses it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { exitOf, runCli, spawnCli } from '../support/start-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const HASH = 'ab'.repeat(20);

async function start(...args: string[]) {
  const child = spawnCli(['tracker', '--port', '0', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  if (!child.stdout) throw new Error('no stdout');
  const [line = ''] = await new Promise<string[]>((resolve) =>
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (first) => resolve([first])),
  );
  const url = /^listening on (http:\S+)$/.exec(line)?.[1] ?? expect.fail(line);
  return { child, url };
}

async function announce(url: string, more = ''): Promise<string> {
  const hash = HASH.replace(/../g, '%$&');
  const separator = url.includes('?') ? '&' : '?';
  const response = await fetch(`${url}${separator}info_hash=${hash}&peer_id=${'p'.repeat(20)}&port=9&left=1${more}`);
  return Buffer.from(await response.arrayBuffer()).toString('latin1');
}

test('it says where it listens, answers, and ends in order on ctrl-C, with sockets open', async () => {
  const { child, url } = await start();
  expect(await announce(url)).toContain('8:completei0e');
  const stats = await (await fetch(new URL('/-/api/tracker', url))).json();
  expect(stats).toMatchObject({ swarms: 1, peers: 1, counters: { announces: 1 } });
  expect(await (await fetch(new URL('/', url))).text()).toContain('BitTorrent tracker');
  const socket = new WebSocket(url.replace('http', 'ws'));
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  child.kill('SIGINT');
  expect(await exitOf(child)).toBe(130);
});

test('tickets let private torrents in', async () => {
  const folder = await tempDir();
  const [keys, list] = [join(folder, 'keys'), join(folder, 'list')];
  await writeFile(keys, `1 ${'cd'.repeat(32)}\n`);
  await writeFile(list, `${HASH}\n`);
  const { url } = await start('--private-list', list, '--ticket-keys', keys);
  expect(await announce(url)).toContain('needs a valid ticket');
  const made = await runCli(['tracker', 'ticket', HASH, keys, '--valid', '60']);
  expect(made.exit).toBe(0);
  expect(await announce(`${url}?ticket=${made.stdout.trim()}`)).toContain('8:completei0e');
});

test.each([
  [['tracker', '--port', 'x'], 'whole number'],
  [['tracker', '--limits', 'many'], 'Allowed choices'],
  [['tracker', '--origin', 'example.org'], 'http or https URL'],
  [['tracker', '--allow-list', '/nonexistent'], 'cannot be read'],
  [['tracker', '--private-list', '/nonexistent'], 'go together'],
  [['tracker', '--trusted-proxy', 'everybody'], 'not an IP address'],
  [['tracker', 'ticket', 'abc', '/nonexistent'], 'no info-hash'],
])('%j is refused with a reason', async (args, reason) => {
  const { exit, stderr } = await runCli(args);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(reason)]);
});
