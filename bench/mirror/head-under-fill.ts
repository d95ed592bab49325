import { curlGet } from '../curl.ts';
import { headLatencies } from '../head-load.ts';
import { percentile } from '../measure.ts';
import type { Measured } from '../result.ts';
import { resolveUrl, type ScenarioContext } from './scenario.ts';
import type { UpstreamPace } from './upstream.ts';

/** How long a warm HEAD takes, and how long the event loop is busy, while two cold fills run. */
export async function headUnderFill(context: ScenarioContext): Promise<Measured[]> {
  const paced = await measure(context, 'paced', { delay: 20, bytesPerSecond: 250e6 });
  const unpaced = await measure(context, 'unpaced', {});
  await context.upstream.pace({});
  const head = 'warm HEAD while two cold fills run';
  return [
    { name: `${head}, p99`, unit: 'ms', better: 'lower', ours: paced.head, target: 50 },
    { name: `${head}: event-loop delay p99`, unit: 'ms', better: 'lower', ours: paced.loop, target: 20 },
    { name: `${head}, upstream as fast as it can, p99`, unit: 'ms', better: 'lower', ours: unpaced.head },
    {
      name: `${head}, upstream as fast as it can: event-loop delay p99`,
      unit: 'ms',
      better: 'lower',
      ours: unpaced.loop,
    },
  ];
}

async function measure(
  context: ScenarioContext,
  label: string,
  pace: UpstreamPace,
): Promise<{ head: number; loop: number }> {
  const { upstream, size, rounds, startMirror } = context;
  await upstream.pace(pace);
  await using mirror = await startMirror();
  const small = `bench/head-${label}`;
  await upstream.add(small, [{ path: 'config.json', size: 700 }]);
  const url = resolveUrl(mirror, small, 'config.json');
  await curlGet(url, 700);

  const latencies: number[] = [];
  const loop: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const repo = `bench/fill-${label}-${round}`;
    const paths = ['a.bin', 'b.bin'];
    await upstream.add(
      repo,
      paths.map((path) => ({ path, size })),
    );
    await mirror.loopDelay();
    let filling = true;
    const fills = Promise.all(paths.map((path) => curlGet(resolveUrl(mirror, repo, path), size))).finally(() => {
      filling = false;
    });
    const heads: number[] = [];
    while (filling) heads.push(...(await headLatencies({ url, connections: 4, seconds: 0.25, pause: 5 })));
    await fills;
    const delay = await mirror.loopDelay();
    // The first round warms the server up, as in every other scenario.
    if (round > 0 || rounds === 1) {
      latencies.push(...heads);
      loop.push(delay.p99);
    }
  }
  return { head: percentile(latencies, 0.99), loop: Math.max(...loop) };
}
