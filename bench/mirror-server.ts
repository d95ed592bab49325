import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LoopDelay {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** `modelswarm serve` as users run it, in a process of its own, with an empty data directory. */
export interface MirrorServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Event-loop delay of its main thread since the last call. */
  loopDelay(): Promise<LoopDelay>;
  /** Where it keeps the one blob of this size. */
  blobPath(size: number): Promise<string>;
}

/**
 * Starts a mirror of `upstream`. Its data is in a temporary folder that goes with it.
 * @param more further flags
 * @param profileDir where it leaves a CPU profile of each of its threads when it ends
 */
export async function startMirror(
  upstream: string,
  profileDir: string | undefined,
  more: readonly string[] = [],
): Promise<MirrorServer> {
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-bench-'));
  const dataDir = join(folder, 'data');
  const loopFile = join(folder, 'loop.json');
  const command = join(import.meta.dirname, '..', 'bin', 'modelswarm.mjs');
  const args = ['serve', '--upstream', upstream, '--data-dir', dataDir, '--port', '0', '--log-level', 'warn', ...more];
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const child = spawn(process.execPath, [...profile, command, ...args], {
    stdio: ['ignore', 'pipe', 2],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_OPTIONS: `--require=${join(import.meta.dirname, 'loop-delay.cjs')}`,
      MODELSWARM_BENCH_LOOP: loopFile,
    },
  });
  const exited = once(child, 'exit');
  const url = await listening(child);
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    async loopDelay() {
      await rm(loopFile, { force: true });
      child.kill('SIGUSR2');
      for (;;) {
        const text = await readFile(loopFile, 'utf8').catch(() => '');
        if (text.endsWith('}')) return JSON.parse(text);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async blobPath(size) {
      for (const entry of await readdir(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && (await stat(path)).size === size) return path;
      }
      throw new Error(`no blob of ${size} bytes in ${dataDir}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(killer);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The address in the line `listening on http://host:port`. */
async function listening(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    const url = /listening on (http:\/\/\S+)/.exec(output)?.[1];
    if (url) {
      child.stdout?.on('data', () => undefined);
      return url;
    }
  }
  throw new Error(`modelswarm serve ended before it listened: ${output}`);
}
