import { execFileSync } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { curlGet } from '../curl.ts';
import { alternate, median, withCpu } from '../measure.ts';
import { startNginx } from '../nginx.ts';
import type { Measured } from '../result.ts';
import { requestsPerSecond } from '../wrk.ts';
import { afterWarmUp, resolveUrl, type ScenarioContext } from './scenario.ts';

/** A file that is held, beside nginx serving the same file from the same disk. */
export async function heldFile(context: ScenarioContext): Promise<Measured[]> {
  const { upstream, size, sizeName, rounds, seconds, startMirror } = context;
  await upstream.add('bench/held', [{ path: 'model.bin', size }]);
  await using mirror = await startMirror();
  const ours = resolveUrl(mirror, 'bench/held', 'model.bin');
  await curlGet(ours, size);
  const blob = await mirror.blobPath(size);
  await using nginx = await startNginx(dirname(blob));
  const theirs = `${nginx.url}/${basename(blob)}`;
  const mirrorPids = [mirror.pid];

  const download = async (name: string, before: () => void): Promise<Measured[]> => {
    const get = (url: string, pids: readonly number[]) => {
      before();
      return withCpu(pids, () => curlGet(url, size));
    };
    const values = await alternate(rounds, {
      nginx: () => get(theirs, nginx.pids),
      ours: () => get(ours, mirrorPids),
    });
    const megabytes = (side: typeof values.ours) =>
      median(afterWarmUp(side).map(({ value }) => size / 1e6 / value.seconds));
    const cpu = (side: typeof values.ours) => median(afterWarmUp(side).map((round) => (round.cpu / size) * 2 ** 30));
    return [
      {
        name,
        unit: 'MB/s',
        better: 'higher',
        ours: megabytes(values.ours),
        peers: { nginx: megabytes(values.nginx) },
        target: 0.9,
      },
      {
        name: `${name}: server CPU`,
        unit: 'CPU s/GiB',
        better: 'lower',
        ours: cpu(values.ours),
        peers: { nginx: cpu(values.nginx) },
      },
    ];
  };
  // GNU dd with `nocache` and nothing to copy drops the whole file from the page cache.
  const dropFromCache = () => execFileSync('dd', [`if=${blob}`, 'iflag=nocache', 'count=0', 'status=none']);

  const range = { length: 64 << 10, size };
  const load = { connections: 16, seconds, range };
  const warm = await download(`warm GET of ${sizeName}`, () => {});
  const ranges = await alternate(rounds, {
    nginx: () => requestsPerSecond({ ...load, url: theirs }),
    ours: () => requestsPerSecond({ ...load, url: ours }),
  });
  const fromDisk = await download(`warm GET of ${sizeName}, page cache empty`, dropFromCache);
  return [
    ...warm,
    ...fromDisk,
    {
      name: 'ranges of 64 KiB over 16 connections',
      unit: 'requests/s',
      better: 'higher',
      ours: median(afterWarmUp(ranges.ours)),
      peers: { nginx: median(afterWarmUp(ranges.nginx)) },
      target: 0.5,
    },
  ];
}
