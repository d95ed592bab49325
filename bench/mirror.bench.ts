import { coldFile } from './mirror/cold-file.ts';
import { headUnderFill } from './mirror/head-under-fill.ts';
import { heldFile } from './mirror/held-file.ts';
import { manyClients } from './mirror/many-clients.ts';
import { metadata } from './mirror/metadata.ts';
import type { Scenario, ScenarioContext } from './mirror/scenario.ts';
import { smallFiles } from './mirror/small-files.ts';
import { torrentHashing } from './mirror/torrent-hashing.ts';
import { startUpstream } from './mirror/upstream.ts';
import { startMirror } from './mirror-server.ts';
import { judge, type Result } from './result.ts';
import type { BenchOptions } from './topic.ts';

const scenarios: Readonly<Record<string, Scenario>> = {
  'held file': heldFile,
  'cold file': coldFile,
  'small files': smallFiles,
  'head under fill': headUnderFill,
  'many clients': manyClients,
  metadata,
  'torrent hashing': torrentHashing,
};

/** The mirror beside nginx, node:http and the direct way. Needs nginx, wrk and curl. */
export async function run({ quick, only, profileDir, progress }: BenchOptions): Promise<Result[]> {
  await using upstream = await startUpstream();
  const context: ScenarioContext = {
    upstream,
    startMirror: (more) => startMirror(upstream.url, profileDir, more),
    ...(quick
      ? { size: 128 << 20, sizeName: '128 MiB', rounds: 2, seconds: 1 }
      : { size: 1 << 30, sizeName: '1 GiB', rounds: 6, seconds: 4 }),
  };
  const results: Result[] = [];
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (only !== undefined && !name.includes(only)) continue;
    progress(`mirror: ${name} ...`);
    const measured = await scenario(context);
    results.push(...measured.map(judge));
  }
  return results;
}
