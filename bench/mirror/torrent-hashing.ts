import { curlGet } from '../curl.ts';
import { alternate, median, withCpu } from '../measure.ts';
import type { MirrorServer } from '../mirror-server.ts';
import type { Measured } from '../result.ts';
import { afterWarmUp, resolveUrl, type ScenarioContext } from './scenario.ts';
import type { UpstreamPace } from './upstream.ts';

const PACED: UpstreamPace = { delay: 20, bytesPerSecond: 250e6 };
const PATH = 'model.bin';

/** What it costs a cold file to be hashed for torrents on its way (its SHA-256 is taken either way). */
export async function torrentHashing(context: ScenarioContext): Promise<Measured[]> {
  const rows = [
    ...(await measure(context, 'upstream at 250 MB/s with 20 ms', PACED, 1.1)),
    ...(await measure(context, 'upstream as fast as it can', {}, undefined)),
  ];
  await context.upstream.pace({});
  return rows;
}

async function measure(
  context: ScenarioContext,
  label: string,
  pace: UpstreamPace,
  target: number | undefined,
): Promise<Measured[]> {
  const { upstream, size, rounds, startMirror, sizeName } = context;
  await upstream.pace(pace);
  // The repos of the bench name no licence.
  await using hashing = await startMirror(['--torrent-license', '*']);
  await using plain = await startMirror(['--no-torrents']);
  let repos = 0;
  const cold = async (mirror: MirrorServer) => {
    const repo = `bench/hashing-${label.length}-${repos++}`;
    await upstream.add(repo, [{ path: PATH, size }]);
    return withCpu([mirror.pid], () => curlGet(resolveUrl(mirror, repo, PATH), size));
  };
  const values = await alternate(rounds, { without: () => cold(plain), with: () => cold(hashing) });
  const seconds = (side: typeof values.with) => median(afterWarmUp(side).map(({ value }) => value.seconds));
  const cpu = (side: typeof values.with) => (median(afterWarmUp(side).map((timed) => timed.cpu)) / size) * 2 ** 30;
  const name = `cold GET of ${sizeName} with torrent hashing, ${label}`;
  return [
    {
      name,
      unit: 's',
      better: 'lower',
      ours: seconds(values.with),
      peers: { without: seconds(values.without) },
      ...(target === undefined ? {} : { target }),
    },
    {
      name: `${name}: server CPU`,
      unit: 'CPU s/GiB',
      better: 'lower',
      ours: cpu(values.with),
      peers: { without: cpu(values.without) },
    },
  ];
}
