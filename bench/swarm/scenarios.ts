import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startNginx } from '../nginx.ts';
import { type Finished, type Program, startPeer } from './peer-process.ts';

const MEMORY_DISK = '/dev/shm';
/** libtorrent hangs up on whoever comes in the first half second of a torrent. */
const SETTLE_MS = 1500;

/** What is shared: a torrent file, and the folder that its file is in. */
export interface Shared {
  readonly torrent: string;
  readonly folder: string;
  readonly profileDir: string | undefined;
}

/** One seeder, one leecher. */
export function onePair(seeder: Program, leecher: Program, shared: Shared): Promise<Finished> {
  return inFolder(async (folder) => {
    const { torrent, profileDir } = shared;
    await using seed = await startPeer(seeder, { ...shared, role: 'seed' });
    await using leech = await startPeer(leecher, { torrent, folder, role: 'leech', profileDir });
    await setTimeout(SETTLE_MS);
    return await leech.go([seed.port]);
  });
}

/** One leecher, and nginx as its web seed. */
export function fromWebSeed(leecher: Program, { torrent, folder: root, profileDir }: Shared): Promise<Finished> {
  return inFolder(async (folder) => {
    await using nginx = await startNginx(root);
    const webSeeds = [`${nginx.url}/`];
    await using leech = await startPeer(leecher, { torrent, folder, role: 'leech', webSeeds, profileDir });
    return await leech.go([]);
  });
}

/** One seeder and several leechers that know one another: seconds until all have everything, and what share the leechers sent themselves. */
export function manyLeechers(
  program: Program,
  count: number,
  { torrent, folder: root }: Shared,
): Promise<{ readonly seconds: number; readonly share: number }> {
  return inFolder(async (base) => {
    await using seed = await startPeer(program, { torrent, folder: root, role: 'seed' });
    await using stack = new AsyncDisposableStack();
    const leechers = [];
    for (let index = 0; index < count; index++) {
      const folder = await mkdtemp(join(base, 'leech-'));
      leechers.push(stack.use(await startPeer(program, { torrent, folder, role: 'leech' })));
    }
    await setTimeout(SETTLE_MS);
    const begun = performance.now();
    const ports = leechers.map(({ port }) => port);
    await Promise.all(leechers.map((leech, index) => leech.go([seed.port, ...ports.slice(0, index)])));
    const seconds = (performance.now() - begun) / 1000;
    const sent = await Promise.all(leechers.map((leech) => leech.sent()));
    const own = sent.reduce((sum, bytes) => sum + bytes, 0);
    return { seconds, share: own / (own + (await seed.sent())) };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(MEMORY_DISK, 'modelswarm-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
