import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { curlGet } from '../curl.ts';
import { memory } from '../measure.ts';
import type { Measured } from '../result.ts';
import { resolveUrl, type ScenarioContext } from './scenario.ts';

const CLIENTS = 64;

/** The most memory that the server takes while 64 clients read large files at once: held ones, then a cold one. */
export async function manyClients({
  upstream,
  size,
  sizeName,
  seconds,
  startMirror,
}: ScenarioContext): Promise<Measured[]> {
  const files = ['a.bin', 'b.bin', 'c.bin', 'd.bin'].map((path) => ({ path, size }));
  await upstream.add('bench/held-by-many', files);
  await upstream.add('bench/cold-for-many', [{ path: 'a.bin', size }]);
  await using mirror = await startMirror();
  const idle = memory(mirror.pid).now;
  for (const { path } of files) await curlGet(resolveUrl(mirror, 'bench/held-by-many', path), size);
  const client = (index: number) => resolveUrl(mirror, 'bench/held-by-many', files[index % files.length]?.path ?? '');
  await readAtOnce(
    Array.from({ length: CLIENTS }, (_, index) => client(index)),
    4 * seconds,
  );
  const held = memory(mirror.pid).peak;
  const cold = resolveUrl(mirror, 'bench/cold-for-many', 'a.bin');
  await readAtOnce(new Array<string>(CLIENTS).fill(cold), 4 * seconds);
  return [
    { name: 'memory after the start', unit: 'MB', better: 'lower', ours: idle },
    {
      name: `peak memory, ${CLIENTS} clients of held ${sizeName} files`,
      unit: 'MB',
      better: 'lower',
      ours: held,
      target: 200,
    },
    {
      name: `peak memory, then ${CLIENTS} clients of one cold ${sizeName} file`,
      unit: 'MB',
      better: 'lower',
      ours: memory(mirror.pid).peak,
      target: 200,
    },
  ];
}

/** One curl with all transfers at once, for a time: 64 GiB would take minutes and show nothing more. */
async function readAtOnce(urls: readonly string[], seconds: number): Promise<void> {
  const config = urls.flatMap((url) => [`url = "${url}"`, 'output = "/dev/null"']).join('\n');
  const args = [
    '-s',
    '-f',
    '-Z',
    '--parallel-immediate',
    '--parallel-max',
    '100',
    '--max-time',
    String(seconds),
    '-K',
    '-',
  ];
  const run = promisify(execFile)('curl', args);
  run.child.stdin?.end(config);
  // 28: the time is up, which is how it should end.
  await run.catch((error: { code?: unknown }) => {
    if (error.code !== 28) throw error;
  });
}
