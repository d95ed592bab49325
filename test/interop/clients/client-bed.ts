import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createSampleHub, type SampleHub, type SampleHubOptions } from '../../../src/sample-hub/index.ts';
import { createIsolatedNetwork, whyNoIsolatedNetwork } from '../../support/isolated-network.ts';
import type { ProgramResult } from '../../support/run-program.ts';
import { type StartOptions, startMirror, type TestMirror } from '../../support/start-server.ts';

/** A sample hub on loopback, and a network for clients in which only mirrors of that hub can be reached. */
export interface ClientBed {
  readonly hub: SampleHub;
  /** Starts a mirror that has seen nothing, with the hub's counters at zero. It closes when the test ends. */
  mirror(options?: Partial<StartOptions>): Promise<TestMirror>;
  /** Runs a client to its end, with a home of its own that is empty, and rejects when it fails. */
  run(command: string, args: readonly string[], options?: ClientOptions): Promise<ProgramResult>;
  /** The same, whatever its exit code. */
  attempt(command: string, args: readonly string[], options?: ClientOptions): Promise<ProgramResult>;
  /** Makes an empty folder. */
  folder(): Promise<string>;
  close(): Promise<void>;
}

export interface ClientOptions {
  /** Variables besides PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Says once per file why its tests are skipped, because no isolated network can be made; returns whether they are. */
export function noIsolation(): boolean {
  const reason = whyNoIsolatedNetwork();
  if (reason !== undefined) console.warn(`skipped: no isolated network can be made here: ${reason}`);
  return reason !== undefined;
}

/** @param options of the sample hub */
export async function createClientBed(options: SampleHubOptions = {}): Promise<ClientBed> {
  const root = await mkdtemp(join(tmpdir(), 'modelswarm-clients-'));
  const network = createIsolatedNetwork();
  const hub = await createSampleHub(options);
  let folders = 0;
  const folder = async () => {
    folders += 1;
    const path = join(root, String(folders));
    await mkdir(path);
    return path;
  };
  const attempt: ClientBed['attempt'] = async (command, args, { env, cwd, timeout } = {}) => {
    const home = await folder();
    return network.run(command, args, {
      env: { HOME: home, LANG: 'C.UTF-8', ...env },
      cwd: cwd ?? home,
      ...(timeout === undefined ? {} : { timeout }),
    });
  };
  return {
    hub,
    folder,
    attempt,
    async mirror(more = {}) {
      hub.resetCounters();
      const mirror = await startMirror({ hub, host: network.address, open: true, ...more });
      onTestFinished(() => mirror.close());
      return mirror;
    },
    async run(command, args, rest) {
      const finished = await attempt(command, args, rest);
      if (finished.code === 0) return finished;
      throw new Error(`${command} ${args.join(' ')}: exit ${finished.code}\n${finished.stdout}${finished.stderr}`);
    },
    async close() {
      await network.close();
      await hub.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Runs a client twice: the first time bytes of files come from the hub, the second time not one does. */
export async function coldThenWarm(hub: SampleHub, client: () => Promise<void>): Promise<void> {
  await client();
  const cold = hub.bytesSent();
  expect(cold).toBeGreaterThan(0);
  await client();
  expect(hub.bytesSent() - cold).toBe(0);
}

/** Nothing that a client did made the mirror, or the client itself, use Xet. */
export function expectNoXet(hub: SampleHub): void {
  expect(hub.requests.filter(({ kind }) => kind === 'xet-read-token')).toEqual([]);
}
