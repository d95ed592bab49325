/**
 * A network with two addresses: this machine's and that of the programs started in it. They reach what listens on the
 * first address and nothing else: no loopback of the machine, no other interface, no default route, no DNS, no IPv6.
 * Made of a network namespace and a veth pair; Linux, root and iproute2.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { ProgramResult } from './run-program.ts';

export interface RunOptions {
  /** The whole environment but `PATH`, which is this process's. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which the program is killed and `run` rejects. Default 60,000. */
  readonly timeout?: number;
}

export interface IsolatedNetwork extends AsyncDisposable {
  /** The machine's address in it: where a mirror listens. */
  readonly address: string;
  /** Runs a program in the network to its end. Rejects when it cannot be started or takes too long. */
  run(command: string, args: readonly string[], options: RunOptions): Promise<ProgramResult>;
  /** Kills what still runs in it and removes it. Idempotent. */
  close(): Promise<void>;
}

const PREFIX = 'msw-';
const NAMESPACES = '/run/netns';

/** Why no such network can be made here, in one line; undefined when it can. */
export function whyNoIsolatedNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `${PREFIX}${process.pid}-probe`;
  const { status, error, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (error) return 'iproute2 is not installed (`apt-get install iproute2`)';
  if (status !== 0) return `\`ip netns add\` failed: ${stderr.trim()}`;
  ip('netns', 'del', name);
  return undefined;
}

/** Makes a network. Also removes those that earlier processes could not remove because they were killed. */
export function createIsolatedNetwork(): IsolatedNetwork {
  removeOrphans();
  const id = randomInt(2 ** 32).toString(36);
  const name = `${PREFIX}${process.pid}-${id}`;
  const link = `msw${id}`;
  const remove = () => {
    // The veth pair goes with the namespace that holds one end of it, though not at once.
    spawnSync('ip', ['link', 'del', link]);
    spawnSync('ip', ['netns', 'del', name]);
  };
  process.once('exit', remove);
  let addresses: readonly [string, string];
  try {
    ip('netns', 'add', name);
    addresses = wire(name, link);
  } catch (error) {
    remove();
    throw error;
  }

  const running = new Set<() => void>();
  const close = async (): Promise<void> => {
    for (const kill of running) kill();
    remove();
    process.off('exit', remove);
  };
  return {
    address: addresses[0],
    run: (command, args, options) => runInside(name, running, [command, ...args], options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Returns the machine's address and the one inside. */
function wire(name: string, link: string): readonly [string, string] {
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', name);
  const addresses = freeAddresses();
  ip('addr', 'add', `${addresses[0]}/30`, 'dev', link);
  ip('link', 'set', link, 'up');
  const noIpv6 = 'f=/proc/sys/net/ipv6/conf/all/disable_ipv6; [ ! -e $f ] || echo 1 > $f';
  ip('netns', 'exec', name, 'sh', '-c', noIpv6);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'addr', 'add', `${addresses[1]}/30`, 'dev', 'veth0');
  ip('-n', name, 'link', 'set', 'veth0', 'up');
  return addresses;
}

/** Two addresses of 10.203.0.0/16, of which every four are a network of ours. */
function freeAddresses(): readonly [string, string] {
  const used = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
  for (;;) {
    const quad = randomInt(2 ** 14);
    const prefix = `10.203.${quad >> 6}`;
    const base = (quad & 63) * 4;
    if (!used.has(`${prefix}.${base + 1}`)) return [`${prefix}.${base + 1}`, `${prefix}.${base + 2}`];
  }
}

function runInside(
  name: string,
  running: Set<() => void>,
  command: readonly string[],
  options: RunOptions,
): Promise<ProgramResult> {
  const { env, cwd, timeout = 60_000 } = options;
  return new Promise((resolve, reject) => {
    // `ip netns exec` becomes the program; a process group of its own, so that its children end with it.
    const child = spawn('ip', ['netns', 'exec', name, ...command], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    let late = false;
    const kill = () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, 'SIGKILL');
      }
    };
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, timeout);
    running.add(kill);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(kill);
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
      const finished = { code, stdout: text(stdout), stderr: text(stderr) };
      if (!late) return resolve(finished);
      reject(new Error(`${command.join(' ')}: not done after ${timeout} ms\n${finished.stdout}${finished.stderr}`));
    });
  });
}

function removeOrphans(): void {
  if (!existsSync(NAMESPACES)) return;
  for (const name of readdirSync(NAMESPACES)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) spawnSync('ip', ['netns', 'del', name]);
  }
}

function ip(...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
