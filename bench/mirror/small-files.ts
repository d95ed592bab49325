import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { curlMany } from '../curl.ts';
import { alternate, median } from '../measure.ts';
import type { Measured } from '../result.ts';
import { afterWarmUp, resolveUrl, type ScenarioContext } from './scenario.ts';

const hf = join(import.meta.dirname, '../../.venv/bin/hf');
const FILES = Array.from({ length: 1000 }, (_, index) => ({ path: `data/${index}.json`, size: 1000 + 7 * index }));
const PARALLEL = 8;

/** A repo of 1,000 small files from an upstream 20 ms away: with curl, and with the `hf` command where it is installed. */
export async function smallFiles({ upstream, rounds, startMirror }: ScenarioContext): Promise<Measured[]> {
  await upstream.pace({ delay: 20 });
  await using mirror = await startMirror();
  const measured: Measured[] = [];
  for (const client of existsSync(hf) ? [viaCurl, viaHf] : [viaCurl]) {
    const repo = (round: number) => `bench/small-${client.name}-${round}`;
    // The Python client takes ten seconds a time, most of them its own: fewer rounds tell as much.
    const values = await alternate(client === viaHf ? Math.min(rounds, 3) : rounds, {
      direct: async (round) => {
        await upstream.add(repo(round), FILES);
        return client(upstream, repo(round));
      },
      cold: (round) => client(mirror, repo(round)),
      warm: (round) => client(mirror, repo(round)),
    });
    const name = `1,000 small files with ${client === viaHf ? '`hf download`' : 'curl'}, upstream 20 ms away`;
    const peers = { direct: median(afterWarmUp(values.direct)) };
    measured.push(
      { name: `${name}, cold`, unit: 's', better: 'lower', ours: median(afterWarmUp(values.cold)), peers },
      { name: `${name}, warm`, unit: 's', better: 'lower', ours: median(afterWarmUp(values.warm)), peers },
    );
  }
  await upstream.pace({});
  return measured;
}

async function viaCurl(server: { readonly url: string }, repo: string): Promise<number> {
  return curlMany(
    FILES.map(({ path }) => resolveUrl(server, repo, path)),
    PARALLEL,
  );
}

async function viaHf(server: { readonly url: string }, repo: string): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'modelswarm-hf-'));
  const started = performance.now();
  await promisify(execFile)(hf, ['download', repo, '--max-workers', String(PARALLEL)], {
    env: { PATH: process.env.PATH, HOME: home, HF_HOME: home, HF_ENDPOINT: server.url, HF_HUB_DISABLE_TELEMETRY: '1' },
    maxBuffer: 64 << 20,
  });
  const seconds = (performance.now() - started) / 1000;
  await rm(home, { recursive: true, force: true });
  return seconds;
}
