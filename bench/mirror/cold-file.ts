import { curlGet, type Transfer } from '../curl.ts';
import { alternate, median, withCpu } from '../measure.ts';
import type { Measured } from '../result.ts';
import { afterWarmUp, resolveUrl, type ScenarioContext } from './scenario.ts';
import type { UpstreamPace } from './upstream.ts';

const PACED: UpstreamPace = { delay: 20, bytesPerSecond: 250e6 };

/** A file that nobody has asked for yet, through the mirror and straight from the upstream with the same client. */
export async function coldFile(context: ScenarioContext): Promise<Measured[]> {
  const paced = await measure(context, 'paced', PACED);
  const unpaced = await measure(context, 'unpaced', {});
  await context.upstream.pace({});
  const name = `cold GET of ${context.sizeName}`;
  return [
    {
      name: `${name}, upstream at 250 MB/s with 20 ms`,
      unit: 's',
      better: 'lower',
      ours: paced.seconds,
      peers: { direct: paced.directSeconds },
      target: 1.15,
    },
    {
      name: `${name}, upstream at 250 MB/s with 20 ms: added time to first byte`,
      unit: 'ms',
      better: 'lower',
      ours: paced.addedToFirstByte,
      target: 20,
    },
    {
      name: `${name}, upstream at 250 MB/s with 20 ms: server CPU`,
      unit: 'CPU s/GiB',
      better: 'lower',
      ours: paced.cpuPerGiB,
    },
    {
      name: `${name}, upstream as fast as it can`,
      unit: 's',
      better: 'lower',
      ours: unpaced.seconds,
      peers: { direct: unpaced.directSeconds },
    },
    {
      name: `${name}, upstream as fast as it can: server CPU`,
      unit: 'CPU s/GiB',
      better: 'lower',
      ours: unpaced.cpuPerGiB,
    },
    {
      name: `${name}: bytes fetched per byte of the file`,
      unit: '',
      better: 'lower',
      ours: Math.max(paced.fetchedShare, unpaced.fetchedShare),
      target: 1.01,
    },
  ];
}

interface Cold {
  readonly seconds: number;
  readonly directSeconds: number;
  readonly addedToFirstByte: number;
  readonly cpuPerGiB: number;
  readonly fetchedShare: number;
}

async function measure(context: ScenarioContext, label: string, pace: UpstreamPace): Promise<Cold> {
  const { upstream, size, rounds, startMirror } = context;
  await upstream.pace(pace);
  await using mirror = await startMirror();
  const repo = (round: number) => `bench/cold-${label}-${round}`;
  const path = 'model.bin';
  let fetchedShare = 0;
  const values = await alternate(rounds, {
    direct: async (round) => {
      await upstream.add(repo(round), [{ path, size }]);
      return { value: await curlGet(resolveUrl(upstream, repo(round), path), size), cpu: 0 };
    },
    ours: async (round) => {
      const before = await upstream.sent(repo(round), path);
      const measured = await withCpu([mirror.pid], () => curlGet(resolveUrl(mirror, repo(round), path), size));
      fetchedShare = Math.max(fetchedShare, ((await upstream.sent(repo(round), path)) - before) / size);
      return measured;
    },
  });
  const direct = afterWarmUp(values.direct);
  const ours = afterWarmUp(values.ours);
  const middle = (side: typeof ours, pick: (transfer: Transfer) => number) =>
    median(side.map((round) => pick(round.value)));
  const firstByte = (transfer: Transfer) => transfer.secondsToFirstByte * 1000;
  return {
    seconds: middle(ours, (transfer) => transfer.seconds),
    directSeconds: middle(direct, (transfer) => transfer.seconds),
    addedToFirstByte: middle(ours, firstByte) - middle(direct, firstByte),
    cpuPerGiB: median(ours.map((round) => (round.cpu / size) * 2 ** 30)),
    fetchedShare,
  };
}
