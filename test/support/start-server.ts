import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer, type RunningServer, type ServerOptions } from '../../src/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A child that says nothing for so long will say nothing any more. */
const START_MS = 30_000;

/** What a mirror under test mirrors: a sample hub, or anything with a URL. */
interface Upstream {
  readonly url: string;
}

export interface StartOptions extends Omit<ServerOptions, 'upstream' | 'dataDir'> {
  readonly hub: Upstream;
  /** Default: a new directory, deleted by `close()`. */
  readonly dataDir?: string;
}

/** A mirror in this process. */
export interface TestMirror extends RunningServer {
  readonly dataDir: string;
}

/** Starts a mirror of `hub` in this process, on a free port, with room for nothing but the test (`minFreeSpace` 0). */
export async function startMirror(options: StartOptions): Promise<TestMirror> {
  const { hub, dataDir: given, ...rest } = options;
  const dataDir = given ?? (await createDataDir());
  const server = await createServer({ port: 0, minFreeSpace: 0, ...rest, upstream: hub.url, dataDir }).listen();
  const close = async () => {
    await server.close();
    if (given === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  return { ...server, dataDir, close, [Symbol.asyncDispose]: close };
}

export interface SpawnOptions {
  readonly hub: Upstream;
  /** Default: a new directory, deleted by `close()`. */
  readonly dataDir?: string;
  /** More arguments of `modelswarm serve`. */
  readonly args?: readonly string[];
  /** Variables besides PATH and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A mirror in a process of its own. */
export interface SpawnedMirror extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** What it has written to stderr so far: its log, as JSON lines. */
  readonly log: () => string;
  /** Sends a signal (default SIGKILL) and resolves with the exit code, or the signal's name, when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<number | string>;
  /** Ends it in order and deletes its data directory, if that was made here. */
  close(): Promise<void>;
}

/** Starts `modelswarm serve` as a child process on a free port, from source, and waits until it listens. */
export async function spawnMirror(options: SpawnOptions): Promise<SpawnedMirror> {
  const { hub, args = [], environment } = options;
  const dataDir = options.dataDir ?? (await createDataDir());
  const fixed = ['--upstream', hub.url, '--data-dir', dataDir, '--port', '0', '--min-free-space', '0'];
  const child = spawnCli(['serve', ...fixed, ...args], environment);
  const ended = exitOf(child);
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const url = await Promise.race([
    firstLine(child).then((line) => /^listening on (http:\/\/\S+)$/.exec(line)?.[1]),
    ended.then(() => undefined),
  ]);
  if (url === undefined || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new Error(`modelswarm serve did not start:\n${log}`);
  }
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return ended;
  };
  const close = async () => {
    await kill('SIGTERM');
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  return { url, pid: child.pid, dataDir, log: () => log, kill, close, [Symbol.asyncDispose]: close };
}

/** What a command that has ended left behind. */
export interface CliResult {
  /** Exit code, or the name of the signal that ended it. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command from source until it ends. */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const child = spawnCli(args, environment);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = await exitOf(child);
  return { exit, stdout, stderr };
}

/** The command from source, as a program and its first arguments. */
export const CLI: readonly string[] = [
  process.execPath,
  '--conditions=modelswarm-source',
  join(ROOT, 'src/cli/main.ts'),
];

/** Starts the command from source. It sees only PATH, HOME (a folder without configuration) and `environment`. */
export function spawnCli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
  const [program = '', ...first] = CLI;
  return spawn(program, [...first, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', ...environment },
  });
}

/** Resolves when the process has ended and all it wrote has been read. */
export async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  const signal = AbortSignal.timeout(START_MS);
  while (!text.includes('\n')) {
    if (!child.stdout) break;
    const [chunk] = await once(child.stdout, 'data', { signal });
    text += chunk;
  }
  return text.split('\n')[0] ?? '';
}

function createDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'modelswarm-data-'));
}
