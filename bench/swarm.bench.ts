import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { alternate, median } from './measure.ts';
import { judge, type Measured, type Result } from './result.ts';
import type { Finished } from './swarm/peer-process.ts';
import { fromWebSeed, manyLeechers, onePair, type Shared } from './swarm/scenarios.ts';
import type { BenchOptions } from './topic.ts';

const exec = promisify(execFile);
const MEMORY_DISK = '/dev/shm';
const FORMS = ['v1', 'v2'] as const;

/**
 * The swarm engine beside libtorrent 2.0.8 (its settings: bench/swarm/libtorrent_bench.py): one seeder and one leecher in all four pairings, a web
 * seed, ten leechers. Loopback TCP without encryption, files in /dev/shm, of which it needs 3 GiB (12 for `leechers`). `--only`: v1, v2, web-seed, leechers.
 */
export async function run({ quick, only, profileDir, progress }: BenchOptions): Promise<Result[]> {
  const size = quick ? 128 << 20 : 1 << 30;
  const rounds = quick ? 1 : 5;
  const base = await mkdtemp(join(MEMORY_DISK, 'modelswarm-bench-'));
  const isAsked = (name: string): boolean => only === undefined || name.includes(only);
  try {
    await pipeline(Readable.from(chunks(size)), createWriteStream(join(base, 'model.bin')));
    const rows: Measured[] = [];
    for (const form of FORMS) {
      const shared = { torrent: await makeTorrent(base, form), folder: base, profileDir };
      if (isAsked(form)) rows.push(...(await pairRows(form, shared, { size, rounds, progress })));
      if (isAsked(`${form} web-seed`)) rows.push(await webSeedRow(form, shared, { size, rounds, progress }));
    }
    const smaller = Math.min(size, 256 << 20);
    if (isAsked('leechers'))
      rows.push(...(await leecherRows(base, { size: smaller, rounds: Math.min(3, rounds), progress })));
    return rows.map(judge);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

interface Measuring {
  readonly size: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

async function pairRows(form: string, shared: Shared, { size, rounds, progress }: Measuring): Promise<Measured[]> {
  progress(`swarm: ${form} ...`);
  const { both, neither, fromThem, toThem } = await alternate(rounds, {
    both: () => onePair('ours', 'ours', shared),
    neither: () => onePair('libtorrent', 'libtorrent', shared),
    fromThem: () => onePair('libtorrent', 'ours', shared),
    toThem: () => onePair('ours', 'libtorrent', shared),
  });
  const webtorrent =
    form === 'v1' && hasWebtorrent() ? await repeat(rounds, () => onePair('webtorrent', 'webtorrent', shared)) : [];
  const speed = (side: readonly Finished[]): number => size / 1e6 / median(side.map(({ seconds }) => seconds));
  const cpu = (side: readonly Finished[]): number => (median(side.map((one) => one.cpu)) / size) * 2 ** 30;
  const peers = { libtorrent: speed(neither) };
  const withWebtorrent = webtorrent.length > 0 ? { ...peers, webtorrent: speed(webtorrent) } : peers;
  const row = (name: string, side: readonly Finished[], target: number): Measured => ({
    name: `${form}: ${name}`,
    unit: 'MB/s',
    better: 'higher',
    ours: speed(side),
    peers,
    target,
  });
  return [
    { ...row('ours to ours', both, 1.3), peers: withWebtorrent },
    row('libtorrent to ours', fromThem, 1),
    row('ours to libtorrent', toThem, 1),
    {
      name: `${form}: CPU of the leecher`,
      unit: 's/GiB',
      better: 'lower',
      ours: cpu(both),
      peers: { libtorrent: cpu(neither), ...(webtorrent.length > 0 ? { webtorrent: cpu(webtorrent) } : {}) },
      target: 1,
    },
    {
      name: `${form}: memory of the leecher, its own`,
      unit: 'MB',
      better: 'lower',
      ours: median(both.map(({ anon }) => anon)),
      target: 120,
    },
    // With the pages of program files and, of libtorrent, of the mapped torrent: they are the page cache's.
    {
      name: `${form}: memory, with mapped files`,
      unit: 'MB',
      better: 'lower',
      ours: median(both.map(({ peak }) => peak)),
      peers: { libtorrent: median(neither.map(({ peak }) => peak)) },
    },
  ];
}

async function webSeedRow(form: string, shared: Shared, { size, rounds, progress }: Measuring): Promise<Measured> {
  progress(`swarm: ${form} web-seed ...`);
  const { ours, theirs } = await alternate(rounds, {
    ours: () => fromWebSeed('ours', shared),
    theirs: () => fromWebSeed('libtorrent', shared),
  });
  const speed = (side: readonly Finished[]): number => size / 1e6 / median(side.map(({ seconds }) => seconds));
  return {
    name: `${form}: web seed (nginx)`,
    unit: 'MB/s',
    better: 'higher',
    ours: speed(ours),
    peers: { libtorrent: speed(theirs) },
    target: 1,
  };
}

async function leecherRows(base: string, { size, rounds, progress }: Measuring): Promise<Measured[]> {
  progress('swarm: 10 leechers ...');
  const folder = await mkdtemp(join(base, 'small-'));
  await pipeline(Readable.from(chunks(size)), createWriteStream(join(folder, 'model.bin')));
  const shared = { torrent: await makeTorrent(folder, 'v1'), folder, profileDir: undefined };
  const { ours, theirs } = await alternate(rounds, {
    ours: () => manyLeechers('ours', 10, shared),
    theirs: () => manyLeechers('libtorrent', 10, shared),
  });
  const of = (
    side: readonly { readonly seconds: number; readonly share: number }[],
    key: 'seconds' | 'share',
  ): number => median(side.map((one) => one[key]));
  return [
    {
      name: '10 leechers: until all have it',
      unit: 's',
      better: 'lower',
      ours: of(ours, 'seconds'),
      peers: { libtorrent: of(theirs, 'seconds') },
    },
    {
      name: '10 leechers: sent by leechers',
      unit: 'of 1',
      better: 'higher',
      ours: of(ours, 'share'),
      peers: { libtorrent: of(theirs, 'share') },
    },
  ];
}

/** A torrent of `model.bin`, by our own command. */
async function makeTorrent(folder: string, form: 'v1' | 'v2'): Promise<string> {
  const out = join(folder, `${form}.torrent`);
  const command = join(import.meta.dirname, '..', 'bin', 'modelswarm.mjs');
  await exec(process.execPath, [command, 'torrent', 'create', join(folder, 'model.bin'), `--${form}`, '--out', out]);
  return out;
}

async function repeat<T>(rounds: number, work: () => Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let round = 0; round < rounds; round++) values.push(await work());
  return values;
}

/** `npm ci` in test/peers/webtorrent, which `npm test` does. It knows v1 only. */
function hasWebtorrent(): boolean {
  return existsSync(join(import.meta.dirname, '../test/peers/webtorrent/node_modules/webtorrent'));
}

function* chunks(size: number): Generator<Buffer> {
  for (let done = 0; done < size; done += 1 << 20) yield randomBytes(Math.min(1 << 20, size - done));
}
