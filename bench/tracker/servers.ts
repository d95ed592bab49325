import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..');

/** A tracker under load, in a process of its own. */
export interface TrackerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** Ours, as users start it; its limits are off where all the load comes from one address. */
export async function startOurs(profileDir?: string, limits: 'usual' | 'off' = 'off'): Promise<TrackerProcess> {
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const command = [...profile, join(ROOT, 'bin', 'modelswarm.mjs'), 'tracker', '--limits', limits];
  return start(process.execPath, (port) => [...command, '--port', String(port)]);
}

/** bittorrent-tracker 11.2.3, with webtorrent in test/peers. */
export async function startBittorrentTracker(): Promise<TrackerProcess> {
  const script = join(ROOT, 'test/peers/webtorrent/tracker-server.mjs');
  return start(process.execPath, (port) => [script, String(port)]);
}

/** Debian's opentracker. */
export async function startOpentracker(): Promise<TrackerProcess> {
  return start('opentracker', (port) => ['-i', '127.0.0.1', '-p', String(port), '-P', String(port)]);
}

async function start(command: string, argumentsFor: (port: number) => string[]): Promise<TrackerProcess> {
  const port = await freePort();
  const child = spawn(command, argumentsFor(port), { stdio: 'ignore' });
  await setTimeout(1500);
  if (child.exitCode !== null || child.pid === undefined) throw new Error(`${command} did not start`);
  return { port, pid: child.pid, [Symbol.asyncDispose]: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
}
