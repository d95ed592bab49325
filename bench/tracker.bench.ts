import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { alternate, median, memory } from './measure.ts';
import { judge, type Measured, type Result } from './result.ts';
import type { BenchOptions } from './topic.ts';
import { announcesByHttp } from './tracker/http-load.ts';
import { startBittorrentTracker, startOpentracker, startOurs, type TrackerProcess } from './tracker/servers.ts';

const run_ = promisify(execFile);
const BITTORRENT_TRACKER = 'bittorrent-tracker';
const MEMORY_PEER = join(import.meta.dirname, '..', 'test/peers/webtorrent/tracker-memory.mjs');

/** The tracker beside npm's bittorrent-tracker 11.2.3 and Debian's opentracker: announces per second, latency, memory. */
export async function run(options: BenchOptions): Promise<Result[]> {
  const { only = '' } = options;
  const scenarios: readonly (readonly [string, (options: BenchOptions) => Promise<Measured[]>])[] = [
    ['HTTP', overHttp],
    ['UDP', overUdp],
    ['WebSocket', overWebSocket],
    ['flood', flood],
    ['memory', memoryPerPeer],
  ];
  const results: Measured[] = [];
  for (const [name, measure] of scenarios) if (name.includes(only)) results.push(...(await measure(options)));
  return results.map(judge);
}

interface Rated {
  readonly rate: number;
  readonly p99: number;
}

/** Rounds in turns; each side has a fresh tracker in each. */
async function compare<Side extends string>(
  { quick, progress, profileDir }: BenchOptions,
  name: string,
  sides: readonly Side[],
  load: (server: TrackerProcess, seconds: number) => Promise<Rated>,
): Promise<Record<Side, Rated>> {
  const starts: Record<string, () => Promise<TrackerProcess>> = {
    ours: () => startOurs(profileDir),
    [BITTORRENT_TRACKER]: startBittorrentTracker,
    opentracker: startOpentracker,
  };
  const seconds = quick ? 1 : 5;
  const measure = async (side: string): Promise<Rated> => {
    await using server = await (starts[side] ?? startOurs)();
    // Warm.
    await load(server, 1);
    const found = await load(server, seconds);
    progress(`${name}: ${side} ${Math.round(found.rate)}/s, p99 ${found.p99} ms`);
    return found;
  };
  const rounds = await alternate(
    quick ? 1 : 5,
    Object.fromEntries(sides.map((side) => [side, () => measure(side)])) as Record<Side, () => Promise<Rated>>,
  );
  const middle = (all: readonly Rated[]): Rated => ({
    rate: median(all.map(({ rate }) => rate)),
    p99: median(all.map(({ p99 }) => p99)),
  });
  return Object.fromEntries(sides.map((side) => [side, middle(rounds[side])])) as Record<Side, Rated>;
}

async function overHttp(options: BenchOptions): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const closes of [false, true]) {
    const name = closes ? 'HTTP, a connection for each' : 'HTTP, keep-alive';
    const found = await compare(options, name, ['ours', BITTORRENT_TRACKER, 'opentracker'], ({ port }, seconds) =>
      announcesByHttp({ port, torrents: 1000, seconds, closes }),
    );
    const [ours, npm, c] = [found.ours, found[BITTORRENT_TRACKER], found.opentracker];
    results.push(
      { ...rate(name, ours, { [BITTORRENT_TRACKER]: npm }), target: 5 },
      { ...rate(`${name}, beside opentracker`, ours, { opentracker: c }), target: 1 },
      latency(name, ours, { [BITTORRENT_TRACKER]: npm, opentracker: c }),
    );
  }
  return results;
}

async function overUdp(options: BenchOptions): Promise<Measured[]> {
  const found = await compare(
    options,
    'UDP',
    ['ours', BITTORRENT_TRACKER, 'opentracker'],
    async ({ port }, seconds) => {
      const [rate = 0, p99 = Number.NaN] = await inProcess('udp-load.ts', [port, 1000, seconds]);
      return { rate, p99 };
    },
  );
  const [ours, npm, c] = [found.ours, found[BITTORRENT_TRACKER], found.opentracker];
  return [
    { ...rate('UDP', ours, { [BITTORRENT_TRACKER]: npm }), target: 3 },
    { ...rate('UDP, beside opentracker', ours, { opentracker: c }), target: 0.5 },
    latency('UDP', ours, { [BITTORRENT_TRACKER]: npm, opentracker: c }),
  ];
}

async function overWebSocket(options: BenchOptions): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const [offers, torrents] of [
    [0, 1000],
    [5, 20],
  ] as const) {
    const name = `WebSocket, ${offers} offers`;
    const found = await compare(options, name, ['ours', BITTORRENT_TRACKER], async ({ port }, seconds) => {
      const [rate = 0, p99 = Number.NaN] = await inProcess('ws-load.ts', [port, torrents, offers, seconds]);
      return { rate, p99 };
    });
    const peers = { [BITTORRENT_TRACKER]: found[BITTORRENT_TRACKER] };
    results.push({ ...rate(name, found.ours, peers), target: 1.5 }, latency(name, found.ours, peers));
  }
  return results;
}

/** One address sends made-up info-hashes as fast as it can, against the usual limits; another one announces now and then. */
async function flood({ quick, progress }: BenchOptions): Promise<Measured[]> {
  await using server = await startOurs(undefined, 'usual');
  const { port, pid } = server;
  const times = quick ? 50 : 500;
  progress('flood: others before ...');
  const [p50 = 0, p99 = 0] = await inProcess('probe-process.ts', [port, times]);
  const before = memory(pid).now;
  progress('flood: others meanwhile ...');
  const load = announcesByHttp({ port, torrents: 65_536, seconds: quick ? 4 : 15, closes: false, isFlood: true });
  await setTimeout(quick ? 500 : 3000);
  const [flooded50 = 0, flooded99 = 0] = await inProcess('probe-process.ts', [port, times]);
  const { rate } = await load;
  const about = { unit: 'ms', better: 'lower' as const };
  return [
    { name: 'flood of made-up torrents from one address', unit: 'announces/s', better: 'higher', ours: rate },
    { name: 'flood: memory that it adds', unit: 'MB', better: 'lower', ours: memory(pid).now - before },
    { ...about, name: 'flood: an announce of others, p50', ours: flooded50, peers: { before: p50 } },
    { ...about, name: 'flood: an announce of others, p99', ours: flooded99, peers: { before: p99 } },
  ];
}

async function memoryPerPeer({ quick, progress }: BenchOptions): Promise<Measured[]> {
  const results: Measured[] = [];
  // The last one alone: bittorrent-tracker walks through all peers of a swarm at each announce.
  const sizes = [
    { peers: 100_000, swarms: 100, isCompared: true },
    { peers: 1_000_000, swarms: 10_000, isCompared: true },
    { peers: 1_000_000, swarms: 1, isCompared: false },
    { peers: 1_000_000, swarms: 1_000_000, isCompared: false },
  ];
  for (const { peers, swarms, isCompared } of quick ? sizes.slice(0, 1) : sizes) {
    const name = `${peers.toLocaleString('en')} peers in ${swarms.toLocaleString('en')} swarms`;
    progress(`memory: ${name} ...`);
    const [ours = 0, oursRss = 0] = await inProcess('memory-ours.ts', [peers, swarms], ['--expose-gc']);
    const command = ['--expose-gc', '--max-old-space-size=8000', MEMORY_PEER, `${peers}`, `${swarms}`];
    const theirs = isCompared ? await numbersOf(command) : [];
    const beside = (value: number | undefined) =>
      value === undefined ? {} : { peers: { [BITTORRENT_TRACKER]: value } };
    const about = { unit: 'bytes per peer', better: 'lower' as const };
    const target = isCompared ? 0.5 : 242;
    results.push(
      { ...about, name: `${name}: heap and buffers`, ours, ...beside(theirs[0]), target },
      { ...about, name: `${name}: RSS`, ours: oursRss, ...beside(theirs[1]) },
    );
  }
  return results;
}

const ratesOf = (peers: Readonly<Record<string, Rated>>, pick: (rated: Rated) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(peers).map(([name, rated]) => [name, pick(rated)]));

function rate(name: string, ours: Rated, peers: Readonly<Record<string, Rated>>): Measured {
  return { name, unit: 'announces/s', better: 'higher', ours: ours.rate, peers: ratesOf(peers, (rated) => rated.rate) };
}

function latency(name: string, ours: Rated, peers: Readonly<Record<string, Rated>>): Measured {
  return {
    name: `${name}: p99`,
    unit: 'ms',
    better: 'lower',
    ours: ours.p99,
    peers: ratesOf(peers, (rated) => rated.p99),
  };
}

function inProcess(script: string, values: readonly number[], flags: readonly string[] = []): Promise<number[]> {
  return numbersOf([...flags, join(import.meta.dirname, 'tracker', script), ...values.map(String)]);
}

async function numbersOf(command: readonly string[]): Promise<number[]> {
  const { stdout } = await run_(process.execPath, [...command], { maxBuffer: 2 ** 20 });
  return stdout.trim().split(' ').map(Number);
}
