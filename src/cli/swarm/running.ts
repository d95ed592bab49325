import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TorrentStatus } from '../../swarm/torrent-status.ts';

/** How often a process says how it stands. */
const PAUSE_MS = 1000;
/** What was not written for so long is nobody's any more. */
const STALE_MS = 30_000;

/** A `get` or `seed` that is running on this machine. */
export interface Running {
  readonly pid: number;
  /** `get`, `seed` */
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly port: number;
  readonly torrents: readonly TorrentStatus[];
}

/** Files of our own; what a listing needs of them is looked at all the same: another version may have written them. */
const runningSchema = z.looseObject({
  pid: z.number(),
  command: z.string(),
  startedAt: z.number(),
  port: z.number(),
  torrents: z.array(
    z.looseObject({
      name: z.string(),
      state: z.string(),
      size: z.number(),
      progress: z.number(),
      downRate: z.number(),
      upRate: z.number(),
      uploaded: z.number(),
      peers: z.number(),
    }),
  ),
});

/** Says in a file how this process stands, for `modelswarm status`, until it is closed. A folder that cannot be written is no reason to fail. */
export function announceRunning(stateFolder: string, read: () => Omit<Running, 'pid'>): { close(): Promise<void> } {
  const folder = join(stateFolder, 'running');
  const path = join(folder, `${process.pid}.json`);
  const write = async (): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.new`, JSON.stringify({ pid: process.pid, ...read() }));
    await rename(`${path}.new`, path);
  };
  let last = write().catch(() => {});
  const timer = setInterval(() => {
    last = last.then(write).catch(() => {});
  }, PAUSE_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await last;
      await rm(path, { force: true });
    },
  };
}

/** All that are running; files of processes that are gone are taken away. */
export async function listRunning(stateFolder: string): Promise<Running[]> {
  const folder = join(stateFolder, 'running');
  const found: Running[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(/^(\d+)\.json$/.exec(name)?.[1]);
    if (!Number.isSafeInteger(pid)) continue;
    const path = join(folder, name);
    const text = await readFile(path, 'utf8').catch(() => '');
    const parsed = runningSchema.safeParse(parse(text));
    // A process that was killed leaves its file, and another may have its number now.
    const writtenAt = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    const isRunning = isAlive(pid) && Date.now() - writtenAt < STALE_MS;
    if (isRunning && parsed.success) found.push(parsed.data as unknown as Running);
    else if (!isRunning) await rm(path, { force: true });
  }
  return found.sort((one, other) => one.startedAt - other.startedAt);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
