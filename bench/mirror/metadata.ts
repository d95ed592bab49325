import { curlGet } from '../curl.ts';
import { headLatencies } from '../head-load.ts';
import { alternate, median } from '../measure.ts';
import type { Measured } from '../result.ts';
import { startSameBytes } from '../same-bytes.ts';
import { requestsPerSecond } from '../wrk.ts';
import { afterWarmUp, resolveUrl, type ScenarioContext } from './scenario.ts';

const REPO = 'bench/metadata';
const CONNECTIONS = 16;

/** Answers that need no file: model info and HEAD of a file, beside node:http that sends the same bytes without a thought. */
export async function metadata({ upstream, rounds, seconds, startMirror }: ScenarioContext): Promise<Measured[]> {
  const shards = Array.from({ length: 30 }, (_, index) => ({ path: `model-${index}.safetensors`, size: 4096 }));
  await upstream.add(REPO, [...shards, { path: 'config.json', size: 700 }]);
  await using mirror = await startMirror();
  const info = `${mirror.url}/api/models/${REPO}`;
  const file = resolveUrl(mirror, REPO, 'config.json');
  // Warm: the file is held, as after any client that has downloaded it.
  await curlGet(file, 700);
  await using sameInfo = await startSameBytes(info, 'GET');
  await using sameHead = await startSameBytes(file, 'HEAD');

  const load = { connections: CONNECTIONS, seconds };
  const heads = async (url: string) => (await headLatencies({ ...load, url })).length / seconds;
  const infos = await alternate(rounds, {
    peer: () => requestsPerSecond({ ...load, url: sameInfo.url }),
    ours: () => requestsPerSecond({ ...load, url: info }),
  });
  const metadata = await alternate(rounds, { peer: () => heads(sameHead.url), ours: () => heads(file) });
  const result = (name: string, values: { ours: number[]; peer: number[] }): Measured => ({
    name,
    unit: 'requests/s',
    better: 'higher',
    ours: median(afterWarmUp(values.ours)),
    peers: { 'node:http': median(afterWarmUp(values.peer)) },
  });
  return [result('warm model info', infos), result('warm HEAD of a file', metadata)];
}
