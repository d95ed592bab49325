import { createRows } from './create/libtorrent-pairs.ts';
import { memoryRow } from './create/memory.ts';
import { judge, type Result } from './result.ts';
import type { BenchOptions } from './topic.ts';

/**
 * Making torrents beside libtorrent 2.0.8, on the same bytes. Needs Debian's python3-libtorrent, and 1 GiB of /dev/shm. `--only`: the form
 * of torrent (v1, v2, hybrid, hybrid+sha256), or memory.
 */
export async function run({ quick, only, progress }: BenchOptions): Promise<Result[]> {
  const size = quick ? 128 << 20 : 1 << 30;
  const results: Result[] = [];
  if (only === undefined || !only.startsWith('memory')) {
    results.push(...(await createRows({ size, rounds: quick ? 2 : 7, only, progress })).map(judge));
  }
  if (only === undefined || only.startsWith('memory')) {
    progress('create: memory ...');
    results.push(judge(await memoryRow(quick ? 1e9 : 20e9)));
  }
  return results;
}
