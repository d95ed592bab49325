import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const PIPES: ['pipe', 'pipe', 'inherit'] = ['pipe', 'pipe', 'inherit'];

/** Whose peer. */
export type Program = 'ours' | 'libtorrent' | 'webtorrent';

/** What a leecher says when it has everything. Memory in MB; `peak` has the mapped files of libtorrent in it. */
export interface Finished {
  readonly seconds: number;
  readonly cpu: number;
  readonly anon: number;
  readonly peak: number;
}

/** A peer in a process of its own. */
export interface PeerProcess extends AsyncDisposable {
  readonly port: number;
  /** Downloads everything from these ports of this machine. */
  go(ports: readonly number[]): Promise<Finished>;
  /** Bytes of blocks that it has sent. */
  sent(): Promise<number>;
}

/** Starts a peer with a torrent file and a folder. */
export async function startPeer(
  program: Program,
  options: {
    readonly torrent: string;
    readonly folder: string;
    readonly role: 'seed' | 'leech';
    readonly webSeeds?: readonly string[];
    readonly profileDir?: string | undefined;
  },
): Promise<PeerProcess> {
  const { torrent, folder, role, webSeeds = [], profileDir } = options;
  const args = [torrent, folder, role, ...webSeeds];
  const [command, before] = commandOf(program, profileDir);
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(command, [...before, ...args], { stdio: PIPES });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ended in the middle of a measurement`);
    return value;
  };
  return {
    port: Number(await next()),
    async go(ports) {
      child.stdin.write(`go ${ports.map((port) => `127.0.0.1:${port}`).join(' ')}\n`);
      return JSON.parse(await next()) as Finished;
    },
    async sent() {
      child.stdin.write('stats\n');
      return (JSON.parse(await next()) as { readonly sent: number }).sent;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function commandOf(program: Program, profileDir: string | undefined): readonly [string, readonly string[]] {
  if (program === 'libtorrent') return ['/usr/bin/python3', [join(import.meta.dirname, 'libtorrent_bench.py')]];
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  if (program === 'ours') return [process.execPath, [...profile, join(import.meta.dirname, 'ours-process.mjs')]];
  return [process.execPath, [join(import.meta.dirname, '../../test/peers/webtorrent/bench.mjs')]];
}
